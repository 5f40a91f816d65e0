"""A Flask app with TikTok logins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Flask, render_template_string, request

from tests.web.browser import Answer, Browser, Site, make_client
from tiktok_oauth.web.flask import TikTokLogin

if TYPE_CHECKING:
    from tests.support.vault import Town

HOME = """
{% set account = tiktok.current_account() %}
<form method="post" action="{{ tiktok.form().action }}">{{ tiktok.form() }}</form>
<b>{{ account.open_id if account else "nobody" }}</b>
"""


class FlaskBrowser(Browser):
    """A browser over Flask's test client."""

    def __init__(self, app: Flask, town: Town, user: str | None = None) -> None:
        super().__init__(town, user)
        self._app = app

    def send(self, method: str, url: str, headers: dict[str, str], body: bytes) -> Answer:
        """Make one request."""
        client = self._app.test_client(use_cookies=False)
        response = client.open(url, method=method, headers=headers, data=body)
        return Answer(response.status_code, list(response.headers), response.text)


def open_site(town: Town, **settings: Any) -> Site:  # noqa: ANN401 - as TikTokLogin takes them
    """Put an app before a town."""
    vault = town.vault(make_client(town))
    heard: list[Any] = []
    app = Flask("site")
    app.secret_key = "a secret"
    login = TikTokLogin(vault, app, on_login=heard.append, on_webhook=heard.append, **settings)

    @app.get("/")
    def home() -> str:
        return render_template_string(HOME)

    @app.get("/profile")
    def profile() -> str:
        fields = request.args.get("fields", "display_name")
        return login.account().user_info(fields).display_name or ""

    return Site("flask", town, vault, lambda **more: FlaskBrowser(app, town, **more), heard)


def user_of() -> str | None:
    """Who makes a request, in a site with users."""
    return request.headers.get("x-user")
