"""A website with Flask: people connect their TikTok account, and see their own name.

    $ pip install "tiktok-oauth[flask]"
    $ export SECRET_KEY=$(python -c "import secrets; print(secrets.token_urlsafe(32))")
    $ flask --app flask_app run --port 8000

It needs TIKTOK_CLIENT_KEY, TIKTOK_CLIENT_SECRET and a TIKTOK_REDIRECT_URI such as
http://127.0.0.1:8000/tiktok/callback: from your app, or from `tiktok-oauth sandbox`.
"""

from __future__ import annotations

import os

from flask import Flask, render_template_string

from tiktok_oauth import LoginResult, TikTokOAuth, TokenVault, WebhookEvent
from tiktok_oauth.web.flask import TikTokLogin

PAGE = """
<!doctype html><title>My site</title>
{% set account = tiktok.current_account() %}
{% if account %}
  {% set form = tiktok.form("disconnect") %}
  <h1>Hello, {{ account.user_info(["display_name"]).display_name }}</h1>
  <form method="post" action="{{ form.action }}">{{ form }}<button>Disconnect</button></form>
{% else %}
  {% set form = tiktok.form() %}
  <h1>Hello</h1>
  <form method="post" action="{{ form.action }}">{{ form }}<button>Connect TikTok</button></form>
{% endif %}
"""

app = Flask(__name__)
app.secret_key = os.environ["SECRET_KEY"]
app.config["SESSION_COOKIE_SAMESITE"] = "Lax"  # "Strict" would not come back from TikTok.
vault = TokenVault(
    TikTokOAuth(), store=os.environ.get("TIKTOK_OAUTH_DATABASE_URL", "sqlite:///tokens.db")
)


def connected(result: LoginResult) -> None:
    """Hear of a login: the place to greet somebody, or to ask for what they switched off."""
    app.logger.warning("Connected; not granted: %s", sorted(result.missing) or "nothing")


def told(event: WebhookEvent) -> None:
    """Hear of a webhook; the vault has acted on it already."""
    app.logger.warning("TikTok says: %s", event.event)


login = TikTokLogin(vault, app, on_login=connected, on_webhook=told)


@app.get("/")
def home() -> str:
    """A button to connect, or who is connected and a button to disconnect."""
    return render_template_string(PAGE)


@app.get("/api/me")
def me() -> dict[str, object]:
    """The visitor's profile; 401 where nobody is connected."""
    account = login.account()
    return {"name": account.user_info(["display_name"]).display_name}
