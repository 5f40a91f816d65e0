"""QR login: a code to scan, and the five states it goes through.

Facts from https://developers.tiktok.com/doc/login-kit-qr-code-authorization (read 2026-11-22).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, TypeAlias
from urllib.parse import parse_qs, urlencode, urlsplit

from tiktok_oauth.errors import invalid_argument
from tiktok_oauth.sandbox.catalog import BASIC_SCOPE, Name
from tiktok_oauth.sandbox.oauth import authenticate, required
from tiktok_oauth.sandbox.registration import serves
from tiktok_oauth.sandbox.world import Consent, OAuthRefusal

if TYPE_CHECKING:
    from collections import OrderedDict

    from tiktok_oauth.sandbox.oauth import Fields
    from tiktok_oauth.sandbox.visit import Visit
    from tiktok_oauth.sandbox.world import World

QrState: TypeAlias = Literal["new", "scanned", "confirmed", "utilised"]

_TO_BE_FILLED = "tobefilled"
_LONGEST_TICKET = 511
_NO_REDIRECT = "https://example.com"


@dataclass(frozen=True, slots=True)
class QrLogin:
    """A QR code that somebody may scan.

    Attributes:
        client_key: the app that shows it.
        scopes: what it asks for.
        state: what goes back with the code.
        dies: when it can no longer be scanned.
        status: how far it got; ``expired`` follows from the time.
        ticket: what the app put into the code.
        callback: the URL with the authorization code, once confirmed.
    """

    client_key: Name
    scopes: tuple[str, ...]
    state: str
    dies: float
    status: QrState = "new"
    ticket: str = field(default="", repr=False)
    callback: str = field(default="", repr=False)


def get_qrcode(visit: Visit) -> Fields:
    """Answer ``POST /v2/oauth/get_qrcode/``; no secret is asked for.

    Raises:
        OAuthRefusal: TikTok would refuse.
    """
    world, now, form = visit.world, visit.now, visit.form
    client_key, scope = required(form, "client_key"), required(form, "scope")
    app = world.apps.get(client_key)
    if app is None or not app.approved:
        raise OAuthRefusal("invalid_client", "Client info is illegal or malformed.")
    if not set(scope.split(",")) <= {*app.scopes, BASIC_SCOPE}:
        raise OAuthRefusal("invalid_scope", "The scope is invalid.")
    token = world.mint.draw(32).hex().upper()
    login = QrLogin(
        client_key,
        world.in_order(scope.split(",")),
        form.get("state", ""),
        now + world.knobs.qr_ttl,
    )
    _sweep(world.qr_logins, now)
    world.qr_logins[token] = login
    query = urlencode(
        {
            "authType": "100",
            "client_key": client_key,
            "client_ticket": _TO_BE_FILLED,
            "scope": ",".join(login.scopes),
            "token": token,
        }
    )
    return {"scan_qrcode_url": f"aweme://authorize?{query}", "token": token}


def check_qrcode(visit: Visit) -> Fields:
    """Answer ``POST /v2/oauth/check_qrcode/``; the code is handed out once.

    Raises:
        OAuthRefusal: TikTok would refuse.
    """
    world = visit.world
    app = authenticate(visit)
    token = required(visit.form, "token")
    login = world.qr_logins.get(token)
    if login is None or login.client_key != app.client_key:
        return {"client_ticket": "", "status": "expired"}
    if visit.now >= login.dies and login.status in ("new", "scanned"):
        return {"client_ticket": "", "status": "expired"}
    if login.status != "confirmed":
        return {"client_ticket": login.ticket, "status": login.status}
    world.qr_logins[token] = replace(login, status="utilised", callback="")
    return {
        "client_ticket": login.ticket,
        "redirect_uri": login.callback,
        "status": "confirmed",
    }


def scan(world: World, now: float, url: str) -> str:
    """Scan a QR code with the app on the phone, and return the token it is polled by.

    Args:
        world: where the code was shown.
        now: the sandbox's time.
        url: what the QR code says, with the app's ticket filled in.

    Raises:
        ValidationError: this is no QR code of the sandbox, or no longer.
    """
    query = parse_qs(urlsplit(url).query) if url.startswith("aweme://authorize?") else {}
    token, ticket = (query.get(name, [""])[0] for name in ("token", "client_ticket"))
    login = world.qr_logins.get(token)
    if login is None or now >= login.dies or login.status not in ("new", "scanned"):
        raise invalid_argument("This QR code cannot be scanned: it is unknown, used or expired.")
    if not 0 < len(ticket) <= _LONGEST_TICKET or ticket == _TO_BE_FILLED:
        raise invalid_argument(
            "The QR code has no client_ticket.",
            "Put your own ticket where scan_qrcode_url says tobefilled.",
        )
    world.qr_logins[token] = replace(login, status="scanned", ticket=ticket)
    return token


def confirm(world: World, now: float, url: str, person_id: str) -> None:
    """Scan, and allow the app on the phone everything that it asks for.

    Raises:
        ValidationError: as ``scan``, or this person cannot use the app.
        KeyError: nobody has this id.
    """
    token = scan(world, now, url)
    login = world.qr_logins[token]
    app, person = world.apps[login.client_key], world.people[person_id]
    if not serves(app, person_id) or person.status != "active":
        raise invalid_argument(f"{person_id} cannot log in to this app.")
    code = world.consent(now, Consent(app.client_key, person_id, login.scopes, None))
    answer = {"code": code, "scopes": ",".join(login.scopes)}
    if login.state:
        answer["state"] = login.state
    base = next((uri for uri in app.redirect_uris or () if "*" not in uri), _NO_REDIRECT)
    callback = f"{base}?{urlencode(answer)}"
    world.qr_logins[token] = replace(login, status="confirmed", callback=callback)


def _sweep(logins: OrderedDict[str, QrLogin], now: float) -> None:
    """Forget codes that were over an hour ago."""
    while logins and now >= next(iter(logins.values())).dies + 3_600:
        logins.popitem(last=False)
