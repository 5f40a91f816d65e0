"""What the doctor says of an app: its credentials, its redirect URI, its scopes.

Scopes and the products they come with: developers.tiktok.com/docs/en/tiktok-api-scopes, read in
November 2026.
"""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tiktok_oauth.cli.finding import Finding
from tiktok_oauth.client import TikTokOAuth
from tiktok_oauth.config import DEFAULT_SCOPES, check_scopes
from tiktok_oauth.credentials import is_desktop_redirect, redirect_problem
from tiktok_oauth.errors import InvalidCredentialsError, TikTokAPIError
from tiktok_oauth.service.configuration.plan import make_plan

if TYPE_CHECKING:
    from collections.abc import Iterator

_HTTPS_PORT = 443
_LOGIN, _DISPLAY, _POSTING = "Login Kit", "Display API", "Content Posting API"
PRODUCTS = {
    "user.info.basic": _LOGIN,
    "user.info.profile": _LOGIN,
    "user.info.stats": _LOGIN,
    "video.list": _DISPLAY,
    "video.upload": _POSTING,
    "video.publish": _POSTING,
    "portability.all.single": "Data Portability API",
    "portability.all.ongoing": "Data Portability API",
    "portability.activity.single": "Data Portability API",
    "portability.activity.ongoing": "Data Portability API",
    "portability.directmessages.single": "Data Portability API",
    "portability.directmessages.ongoing": "Data Portability API",
    "portability.postsandprofile.single": "Data Portability API",
    "portability.postsandprofile.ongoing": "Data Portability API",
    "local.product.manage": "Local services",
    "local.shop.manage": "Local services",
    "local.voucher.manage": "Local services",
}
"""Which product of the developer portal a scope comes with."""

_NOBODY_GRANTS = "research."
_OF_BUSINESS = ("message.", "comment.")


def examine_app(*, offline: bool) -> Iterator[Finding]:
    """Look at what the environment says of an app."""
    redirect_uri = os.environ.get("TIKTOK_REDIRECT_URI")
    yield _redirect(redirect_uri)
    yield from _scopes(os.environ.get("TIKTOK_SCOPES"))
    if not offline:
        yield _credentials()
    yield from _service()


def _redirect(uri: str | None) -> Finding:
    name = "redirect"
    if not uri:
        return Finding(name, "ok", "None is set: `login` and `serve` have their own.")
    problem = redirect_problem(uri)
    if problem is not None:
        mend = "Set TIKTOK_REDIRECT_URI to the one that is registered for the app."
        return Finding(name, "fail", problem, mend)
    parts = urlsplit(uri)
    if parts.netloc != parts.netloc.lower() or parts.port == _HTTPS_PORT or not parts.path:
        says = f"{uri} has capital letters in its host, a port that is usual, or no path."
        mend = "TikTok compares letter by letter: register and set the plainest form."
        return Finding(name, "warn", says, mend)
    if is_desktop_redirect(uri):
        says = f"{uri} is of the desktop kind: it belongs on the portal's Desktop tab. PKCE is on."
    else:
        says = f"{uri} is of the web kind: it belongs on the portal's Web tab, letter by letter."
    return Finding(name, "ok", says)


def _scopes(setting: str | None) -> Iterator[Finding]:
    name = "scopes"
    try:
        wanted = check_scopes(setting) if setting else DEFAULT_SCOPES
    except TikTokAPIError as error:
        yield Finding(name, "fail", error.message, error.hint)
        return
    found = [_scope(scope) for scope in wanted]
    yield from (finding for finding in found if finding is not None)
    products: dict[str, list[str]] = {}
    for scope in wanted:
        if scope in PRODUCTS:
            products.setdefault(PRODUCTS[scope], []).append(scope)
    needed = "; ".join(f"{product} for {', '.join(of)}" for product, of in products.items())
    if needed:
        yield Finding(name, "ok", f"The app needs these products: {needed}.")


def _scope(scope: str) -> Finding | None:
    """What is wrong with a scope. One that is not approved makes TikTok refuse all of them."""
    if scope in PRODUCTS:
        return None
    if scope.startswith(_OF_BUSINESS):
        says = f"{scope} belongs to the Business API, which has a login of its own."
        return Finding("scopes", "fail", says, "Leave it out of TIKTOK_SCOPES.")
    if scope.startswith(_NOBODY_GRANTS):
        says = f"{scope} is for client access tokens: no person can grant it."
        return Finding("scopes", "fail", says, "Leave it out, and use get_client_access_token().")
    close = difflib.get_close_matches(scope, PRODUCTS, 1)
    mend = f"Did you mean {close[0]}?" if close else "Look it up in the app's page on the portal."
    return Finding("scopes", "warn", f"{scope} is in no list of TikTok's that we know.", mend)


def _credentials() -> Finding:
    name = "credentials"
    try:
        with TikTokOAuth() as client:
            client.validate_credentials(online=True)
    except InvalidCredentialsError as error:
        return Finding(name, "fail" if error.tiktok_code else "warn", error.message, error.hint)
    except TikTokAPIError as error:
        mend = error.hint or "Try again, or use --offline."
        return Finding(name, "warn", f"TikTok could not be asked: {error.message}", mend)
    return Finding(name, "ok", "TikTok knows the client key and its secret.")


def _service() -> Iterator[Finding]:
    """What is wrong with the service's own settings, where there are any."""
    plan = make_plan({}, os.environ, None)
    if not (plan.sources.service or plan.sources.file):
        return
    for found in plan.judged.findings:
        yield Finding("service", found.verdict, f"{found.name}: {found.says}", found.mend)
    if not plan.judged.findings:
        where = plan.sources.file or Path("the environment")
        yield Finding("service", "ok", f"The settings of `serve` in {where} can be used.")
