"""Logins under way: each bound to one browser, good for ten minutes and for one callback."""

from __future__ import annotations

import hashlib
import hmac
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tiktok_oauth.errors import login_error
from tiktok_oauth.types import Secret

if TYPE_CHECKING:
    from tiktok_oauth.types import TikTokAuthUrl

LIFETIME = 600
"""Seconds a person has to come back."""

_KEPT = 86_400.0
_LIMIT = 1_000


@dataclass(frozen=True, slots=True)
class _Pending:
    binding: bytes
    code_verifier: Secret | None
    began: float
    used: bool = False


class PendingLogins:
    """The logins that somebody left for and has not come back from.

    A finished or expired one is remembered for a day, so that a second callback can be told
    from a forged one. No more than a thousand are kept; the oldest give way.
    """

    def __init__(self) -> None:
        self._pending: OrderedDict[bytes, _Pending] = OrderedDict()

    def begin(self, now: float, start: TikTokAuthUrl, binding: str) -> None:
        """Remember who left."""
        self._sweep(now)
        verifier = None if start.code_verifier is None else Secret(start.code_verifier)
        self._pending[_digest(start.state)] = _Pending(_digest(binding), verifier, now)

    def take(self, now: float, state: str, binding: str) -> Secret | None:
        """Use up a login, and return the code verifier to exchange its code with.

        The binding is compared before anything else is looked at, so that a stranger who knows
        a state can neither use up the login nor learn how it stands.

        Raises:
            LoginError: the callback does not belong to a login of this browser's.
        """
        pending = self._pending.get(_digest(state))
        if pending is None:
            raise login_error("missing")
        if not hmac.compare_digest(pending.binding, _digest(binding)):
            raise login_error("other_browser")
        if pending.used:
            raise login_error("replayed")
        if now >= pending.began + LIFETIME:
            raise login_error("expired")
        self._pending[_digest(state)] = replace(pending, used=True, code_verifier=None)
        return pending.code_verifier

    def _sweep(self, now: float) -> None:
        while self._pending:
            oldest = next(iter(self._pending.values()))
            if len(self._pending) < _LIMIT and now < oldest.began + _KEPT:
                return
            self._pending.popitem(last=False)


def cookie_name(state: str) -> str:
    """Return the name of a login's binding cookie; each login has its own, so tabs can differ."""
    return f"login-{_digest(state).hex()[:16]}"


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
