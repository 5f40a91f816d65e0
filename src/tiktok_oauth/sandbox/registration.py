"""What a developer can register for an app, and what the app may do with it.

Facts from https://developers.tiktok.com/doc/login-kit-web and
https://developers.tiktok.com/doc/login-kit-desktop (read 2026-11-22).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tiktok_oauth.errors import invalid_argument
from tiktok_oauth.sandbox.catalog import SCOPES

if TYPE_CHECKING:
    from tiktok_oauth.sandbox.catalog import App

_PATH = r"(/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?"
_DESKTOP = re.compile(rf"(https?://(?:localhost|127\.0\.0\.1)):([0-9]{{1,5}}){_PATH}")
_ANY_PORT = re.compile(rf"https?://(localhost|127\.0\.0\.1):\*{_PATH}")
_WEB = re.compile(rf"https://([A-Za-z0-9-]+\.)+[A-Za-z][A-Za-z0-9-]+(:[0-9]{{1,5}})?{_PATH}")
_LONGEST_REDIRECT = 511
_MOST_REDIRECTS = 10
_MOST_TARGETS = 10
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def is_desktop(redirect_uri: str) -> bool:
    """Whether a redirect URI is of TikTok's desktop kind: this machine, with a port."""
    return _DESKTOP.fullmatch(redirect_uri) is not None


def may_redirect(app: App, redirect_uri: str) -> bool:
    """Whether the app may send a browser there: character by character, but for a port of ``*``."""
    on_desktop = _DESKTOP.fullmatch(redirect_uri)
    if not (on_desktop or _WEB.fullmatch(redirect_uri)) or len(redirect_uri) > _LONGEST_REDIRECT:
        return False
    if app.redirect_uris is None or redirect_uri in app.redirect_uris:
        return True
    if on_desktop is None:
        return False
    origin, _, path = on_desktop.groups()
    return f"{origin}:*{path or ''}" in app.redirect_uris


def serves(app: App, person_id: str) -> bool:
    """Whether somebody can use the app: one in TikTok's sandbox serves its target users only."""
    return app.kind == "production" or app.target_users is None or person_id in app.target_users


def check_app(app: App) -> App:
    """Return an app that could be registered.

    Raises:
        ValidationError: it could not; the sentence says why.
    """
    for uri in app.redirect_uris or ():
        fits = _DESKTOP.fullmatch(uri) or _ANY_PORT.fullmatch(uri) or _WEB.fullmatch(uri)
        if not fits or len(uri) > _LONGEST_REDIRECT:
            raise invalid_argument(
                f"redirect_uris cannot have {uri!r}.",
                "Use https on a domain name, or http(s) on localhost or 127.0.0.1 with a port"
                " or :*, without query and fragment.",
            )
    if len(app.redirect_uris or ()) > _MOST_REDIRECTS:
        raise invalid_argument(f"redirect_uris takes {_MOST_REDIRECTS} at most.")
    if len(app.target_users or ()) > _MOST_TARGETS:
        raise invalid_argument(f"target_users takes {_MOST_TARGETS} at most.")
    if unknown := sorted(set(app.scopes) - SCOPES.keys()):
        raise invalid_argument(f"{unknown[0]!r} is no scope.", f"There are {', '.join(SCOPES)}.")
    if app.webhook_url is not None and not _is_on_this_machine(app.webhook_url):
        raise invalid_argument(
            "webhook_url must be an http address of this machine.",
            "The sandbox sends nothing to other machines: use http://127.0.0.1:PORT/PATH.",
        )
    return app


def _is_on_this_machine(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    plain = parts.scheme == "http" and url.isascii() and url.isprintable() and " " not in url
    return plain and port != 0 and parts.username is None and parts.hostname in _LOOPBACK
