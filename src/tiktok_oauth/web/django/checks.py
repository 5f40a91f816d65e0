"""What ``manage.py check`` says about the settings, before a visitor finds out."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as CheckWarning
from django.urls import NoReverseMatch, reverse

from tiktok_oauth.errors import TikTokAPIError
from tiktok_oauth.web.django import conf


def check_settings(**_: object) -> list[CheckMessage]:
    """The setting can be read, and makes a vault whose redirect URI TikTok takes."""
    try:
        conf.get_address()
    except TikTokAPIError as error:
        return [Error(error.message, hint=error.hint, id="tiktok_oauth.E001")]
    except (ImportError, TypeError) as error:
        return [Error(f"{conf.NAME}['VAULT'] cannot be used: {error}", id="tiktok_oauth.E002")]
    return []


def check_redirect_uri(**_: object) -> list[CheckMessage]:
    """The views are where TikTok sends people back to."""
    if check_settings():
        return []
    path = urlsplit(conf.get_vault().redirect_uri(conf.get_settings().client_key)).path
    folder = path[1 : path.rindex("/") + 1]
    hint = f"path('{folder}', include('tiktok_oauth.web.django.urls')) in the project's urls.py"
    try:
        here = reverse("tiktok_oauth:callback")
    except NoReverseMatch:
        return [Error("TikTok's views have no URLs.", hint=hint, id="tiktok_oauth.E003")]
    if here == path:
        return []
    message = f"TikTok sends people back to {path}, but the callback is at {here}."
    return [Error(message, hint=hint, id="tiktok_oauth.E004")]


def check_cookies(**_: object) -> list[CheckMessage]:
    """The browser brings the session along when TikTok sends it back."""
    if str(settings.SESSION_COOKIE_SAMESITE).lower() != "strict":
        return []
    return [
        CheckWarning(
            "SESSION_COOKIE_SAMESITE is 'Strict': whoever comes back from TikTok is signed out.",
            hint="Set it to 'Lax', which is Django's default.",
            id="tiktok_oauth.W005",
        )
    ]
