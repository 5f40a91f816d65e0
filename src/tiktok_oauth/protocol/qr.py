"""QR login: ask for a code to draw, then poll until the person confirmed it in the app.

Source: developers.tiktok.com/doc/login-kit-qr-code-authorization (before November 2026). The
page contradicts itself about the confirmed answer: its table names ``code`` (whose example is a
URL), its example shows ``redirect_uri``. Both are read.
"""

from __future__ import annotations

import hmac
import re
from contextlib import suppress
from typing import TYPE_CHECKING, get_args
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from tiktok_oauth.errors import TikTokAPIError
from tiktok_oauth.protocol import endpoints
from tiktok_oauth.protocol.authorize import Callback, parse_callback
from tiktok_oauth.protocol.envelope import is_readable, refuse
from tiktok_oauth.protocol.token import App, build_form, form_encode
from tiktok_oauth.types import QrAuthorization, QrState, QrStatus, Secret

if TYPE_CHECKING:
    from tiktok_oauth.protocol.http import HttpRequest, HttpResponse

_TICKET = re.compile(r"(?<=[?&]client_ticket=)[^&#]*")
_STATES: frozenset[str] = frozenset(get_args(QrState))
_NO_TICKET = frozenset({"new", "expired"})


class _Masked(msgspec.Struct):
    def __repr__(self) -> str:
        return "<QR answer>"


class _QrCode(_Masked):
    scan_qrcode_url: str = ""
    token: str = ""
    error: object = None


class _QrCheck(_Masked):
    status: str = ""
    client_ticket: str = ""
    code: str = ""
    redirect_uri: str = ""
    scopes: str = ""
    state: str = ""
    error: object = None


_decode_code = msgspec.json.Decoder(_QrCode).decode
_decode_check = msgspec.json.Decoder(_QrCheck).decode
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def build_qr_get(app: App, scopes: tuple[str, ...], state: str) -> HttpRequest:
    """Ask for a QR login. TikTok takes no redirect URI and, here, no secret."""
    form = {"client_key": app.client_key, "scope": ",".join(scopes), "state": state}
    return build_form(app, endpoints.QR_GET, urlencode(form))


def build_qr_check(app: App, token: Secret) -> HttpRequest:
    """Ask how a QR login stands."""
    form = f"{app.form.reveal()}&token={form_encode(token.reveal())}"
    return build_form(app, endpoints.QR_CHECK, form)


def parse_qr_get(response: HttpResponse, *, ticket: Secret, state: str) -> QrAuthorization:
    """The login that was started, with our own ticket in the URL to draw.

    Raises:
        TikTokAPIError: the answer is an error, or has no known shape.
    """
    try:
        answer = _decode_code(response.body) if is_readable(response) else None
    except _UNREADABLE:
        answer = None
    if answer is None or answer.error or not answer.token:
        refuse(response, "a QR code")
    if not _TICKET.search(answer.scan_qrcode_url):
        refuse(response, "a QR code with a client_ticket")
    return QrAuthorization(
        _TICKET.sub(quote(ticket.reveal(), safe=""), answer.scan_qrcode_url, count=1),
        answer.token,
        ticket.reveal(),
        state,
    )


def parse_qr_check(response: HttpResponse, *, ticket: Secret, state: str) -> QrStatus:
    """Where the login stands, and the code once it is confirmed.

    Args:
        response: TikTok's answer.
        ticket: the ticket this login was started with.
        state: the state it was started with; compared when TikTok sends one.

    Raises:
        TikTokAPIError: the answer is an error, has no known shape, or is for another login.
    """
    try:
        answer = _decode_check(response.body) if is_readable(response) else None
    except _UNREADABLE:
        answer = None
    if answer is None or answer.error or answer.status not in _STATES:
        refuse(response, "a QR status")
    # Somebody else's answer must not log anybody in here.
    if answer.status not in _NO_TICKET and not hmac.compare_digest(
        answer.client_ticket.encode(), ticket.reveal().encode()
    ):
        refuse(response, "the status of this QR login")
    if answer.status != "confirmed":
        return QrStatus(_state(answer.status))
    callback = _callback(answer)
    if callback is None or callback.code is None:
        refuse(response, "an authorization code")
    if callback.state and not hmac.compare_digest(callback.state.encode(), state.encode()):
        refuse(response, "the state of this QR login")
    return QrStatus("confirmed", callback.code.reveal(), frozenset(callback.scopes))


def _state(status: str) -> QrState:
    states: dict[str, QrState] = {name: name for name in get_args(QrState)}
    return states[status]


def _callback(answer: _QrCheck) -> Callback | None:
    """The code, from a URL in ``redirect_uri`` or ``code``, or from a bare ``code``."""
    for url in (answer.redirect_uri, answer.code):
        with suppress(TikTokAPIError, ValueError):
            return parse_callback(urlsplit(url).query)
    bare = "" if "://" in answer.code else answer.code
    with suppress(TikTokAPIError):
        return parse_callback({"code": bare, "scopes": answer.scopes, "state": answer.state})
    return None
