"""What a browser may keep for us and not change: sessions, and the tokens of forms.

A form's token is derived from a random cookie of the same browser. A page elsewhere can make a
browser post a form of ours, but it can neither read that cookie nor derive the token.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from typing import TYPE_CHECKING

from tiktok_oauth.errors import TikTokErrorCode, ValidationError, invalid_argument
from tiktok_oauth.types import Secret
from tiktok_oauth.web.flow import Visitor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tiktok_oauth.web.flow import Address, Cookie, Visit

FORM_FIELD = "tiktok_form"
"""The hidden field of each form."""

SESSION_LIFETIME = 30 * 86_400
"""Seconds until a visitor has to log in again."""

_FORM = "tiktok-form"
_SESSION = "tiktok-session"
_SHORTEST = 32


class Signer:
    """Signs with the first of a site's keys, and knows the work of all of them.

    Args:
        keys: one key, or several while it is changed: the new one first. At least 32 characters
            each, such as ``secrets.token_urlsafe(32)`` gives.

    Raises:
        ValidationError: a key is too short, or there is none.
    """

    def __init__(self, keys: str | Sequence[str]) -> None:
        given = [keys] if isinstance(keys, str) else list(keys)
        if not given or any(not isinstance(k, str) or len(k) < _SHORTEST for k in given):
            raise invalid_argument(
                f"key must be text of at least {_SHORTEST} characters.",
                'Make one by: python -c "import secrets; print(secrets.token_urlsafe(32))"',
            )
        self._keys = tuple(map(Secret, given))

    def seal(self, purpose: str, text: str) -> str:
        """The signature of a text, good for one purpose."""
        return _sign(self._keys[0], purpose, text)

    def is_sealed(self, purpose: str, text: str, signature: str) -> bool:
        """Whether one of the keys has signed a text for a purpose."""
        good = False
        for key in self._keys:
            good |= hmac.compare_digest(
                _sign(key, purpose, text).encode(), signature.encode("utf-8", "surrogatepass")
            )
        return good


def form_token(signer: Signer, address: Address, visit: Visit) -> tuple[str, Cookie | None]:
    """What a form has to send along, and the cookie to set if the browser has none yet."""
    value = visit.cookies.get(address.cookie_name(_FORM))
    cookie = None
    if not value:
        value = secrets.token_urlsafe(32)
        cookie = address.cookie(_FORM, value, max_age=None)
    return signer.seal(_FORM, value), cookie


def check_form(signer: Signer, address: Address, visit: Visit) -> None:
    """Make sure that a form was sent by a page that we gave to the same browser.

    Raises:
        ValidationError: it was not; its status is 403.
    """
    # Browsers that tell where a request comes from are believed; all must have the token.
    is_near = visit.headers.get("sec-fetch-site", "same-origin") == "same-origin"
    cookie = visit.cookies.get(address.cookie_name(_FORM), "")
    token = visit.form.get(FORM_FIELD, "")
    if not (is_near and cookie and signer.is_sealed(_FORM, cookie, token)):
        raise ValidationError(
            TikTokErrorCode.VALIDATION_ERROR,
            "That button did not come from a page of this site.",
            "",
            retryable=False,
            status_code=403,
            hint="The page was too old, or cookies are switched off. Load it again.",
        )


def session_cookie(signer: Signer, address: Address, visitor: Visitor, *, now: float) -> Cookie:
    """A new session for a visitor; no two are alike."""
    told = [visitor.client_key, visitor.open_id, int(now), secrets.token_urlsafe(12)]
    text = base64.urlsafe_b64encode(json.dumps(told).encode()).decode().rstrip("=")
    value = f"{text}.{signer.seal(_SESSION, text)}"
    return address.cookie(_SESSION, value, max_age=SESSION_LIFETIME)


def no_session(address: Address) -> Cookie:
    """The cookie that ends a session."""
    return address.cookie(_SESSION, "", max_age=0)


def session_name(address: Address) -> str:
    """The name of the session's cookie."""
    return address.cookie_name(_SESSION)


def read_session(signer: Signer, address: Address, visit: Visit, *, now: float) -> Visitor | None:
    """Who is here, as a session of ours tells."""
    text, _, signature = visit.cookies.get(session_name(address), "").partition(".")
    if not signer.is_sealed(_SESSION, text, signature):
        return None
    client_key, open_id, began, _ = json.loads(
        base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    )
    return Visitor(client_key, open_id) if now < began + SESSION_LIFETIME else None


def _sign(key: Secret, purpose: str, text: str) -> str:
    told = f"tiktok-oauth {purpose} {text}".encode("utf-8", "surrogatepass")
    return hmac.new(key.reveal().encode(), told, hashlib.sha256).hexdigest()
