"""What Flask has of its own: its session, its secret key, templates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask, render_template_string
from flask.sessions import SecureCookieSessionInterface

from tests.support.vault import Town, World, in_memory
from tests.web.browser import ORIGIN, make_client
from tests.web.flask_site import FlaskBrowser
from tiktok_oauth.web.flask import TikTokLogin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.web.browser import Site

JINJA = "{{ tiktok.form('logout').action }} {{ tiktok.form() }} {{ tiktok.form() }}"


@pytest.fixture
def town() -> Iterator[Town]:
    """A blocking town."""
    place = Town(World(None), in_memory())
    yield place
    place.close()


@pytest.fixture
def app(town: Town) -> Flask:
    """An app with logins, and a page."""
    app = Flask("site")
    app.secret_key = b"bytes are fine"
    app.login = TikTokLogin(town.vault(make_client(town)))  # type: ignore[attr-defined]  # for a test
    app.login.init_app(app)  # type: ignore[attr-defined]  # as above
    app.add_url_rule("/", "home", lambda: "<b>nobody</b>")
    app.add_url_rule("/forms", "forms", lambda: render_template_string(JINJA))
    return app


class Renewed(SecureCookieSessionInterface):
    """Sessions that are kept on the server, as far as a login sees them."""

    def __init__(self) -> None:
        self.held: list[dict[str, Any]] = []

    def regenerate(self, session: Any) -> None:  # noqa: ANN401 - as such interfaces have it
        """Give a session a new name."""
        self.held.append(dict(session))


def test_a_login_gives_a_session_on_the_server_a_new_name(app: Flask, town: Town) -> None:
    """Before it holds the account: a name that somebody has planted is worth nothing."""
    app.session_interface = sessions = Renewed()
    app.add_url_rule("/form", "form", lambda: app.login.form().hidden)  # type: ignore[attr-defined]  # for a test
    browser = FlaskBrowser(app, town)
    start = browser.submit("/tiktok/login", browser.hidden(browser.get("/form")))

    browser.get(browser.decide(start.location))

    assert sessions.held == [{}]


def test_templates_have_forms(app: Flask, town: Town) -> None:
    """A form is its hidden field, and all forms of a page share one cookie."""
    browser = FlaskBrowser(app, town)

    page = browser.get("/forms")

    action, *fields = page.text.split(" <")
    assert action == "/tiktok/logout"
    assert len(fields) == 2
    assert fields[0] == fields[1]
    assert len(page.set_cookies) == 1


def test_the_secret_key_can_be_changed(open_site: Callable[..., Site]) -> None:
    """A form of a page that was loaded before is still good."""
    site = open_site("flask")
    browser = site.browser()
    fields = browser.hidden(browser.get("/"))
    app = browser._app  # type: ignore[attr-defined]  # noqa: SLF001 - to turn its key
    app.config["SECRET_KEY_FALLBACKS"] = [app.secret_key]
    app.secret_key = "another one"

    assert browser.submit("/tiktok/login", fields).status == 303


def test_without_a_secret_key_nothing_is_signed(app: Flask, town: Town) -> None:
    """It says which setting is missing."""
    app.secret_key = None
    app.testing = True

    with pytest.raises(RuntimeError, match="SECRET_KEY"):
        FlaskBrowser(app, town).get("/forms")


def test_the_blueprint_can_be_exempted(app: Flask) -> None:
    """From an extension that guards forms, too: it asks for the very object that is registered."""
    assert app.blueprints["tiktok"] is app.login.blueprint  # type: ignore[attr-defined]  # for a test


def test_behind_a_proxy_the_app_is_served_under_a_path(town: Town) -> None:
    """The redirect URI has it, and the app's own routes have not."""
    client = town.client(redirect_uri=f"{ORIGIN}/shop/tiktok/callback")
    app = Flask("site")
    TikTokLogin(town.vault(client), app, root_path="/shop")

    paths = {rule.rule for rule in app.url_map.iter_rules()}
    assert {"/tiktok/callback", "/tiktok/login", "/tiktok/webhook"} <= paths
