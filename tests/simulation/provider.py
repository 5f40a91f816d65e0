"""The model of TikTok: grants, rotation in six manners, and the truth about every token."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal
from urllib.parse import parse_qs

from tiktok_oauth.protocol.http import HttpRequest, HttpResponse

if TYPE_CHECKING:
    from collections.abc import Callable

Mode = Literal["strict", "family", "leeway", "grace", "parent-replay", "none"]
MODES: tuple[Mode, ...] = ("strict", "family", "leeway", "grace", "parent-replay", "none")
"""What happens to a refresh token that was used:

- strict: it is dead at once;
- family: as strict, and whoever uses it again ends the whole grant;
- leeway: it works for 30 seconds more, and what it brings replaces its first child;
- grace: it works until its child was used;
- parent-replay: it brings the same child again until that was used;
- none: it stays the one.
"""

Fate = Literal["sent", "delivered", "journaled", "undelivered", "abandoned", "excused", "unwritten"]
"""How far the answer with a token came:

- sent: it is on its way;
- delivered: a living process got it whole, or enough of it to see the token;
- journaled: it is durable in a journal;
- undelivered: no process ever got it;
- abandoned: the process hung up although the answer was coming;
- excused: the process died before it could possibly have written it down;
- unwritten: the disk failed when it was to be written down.
"""

LEEWAY = 30.0
UNAVOIDABLE: frozenset[Fate] = frozenset({"undelivered", "excused", "unwritten"})


@dataclass(eq=False)
class Token:
    """One refresh token, and what became of it; ``mistakes`` are refusals for nothing."""

    text: str
    access: str
    number: int
    bought_with: Token | None
    issued_at: float
    fate: Fate = "sent"
    used_at: float | None = None
    access_ends_at: float = 0.0
    mistakes: int = 0


@dataclass(eq=False)
class Family:
    """One consent of one person: all tokens that descend from it.

    Attributes:
        tokens: in the order they were issued; the last one is the newest.
        ended: why the grant is over, if it is.
    """

    open_id: str
    gen: int
    tokens: list[Token] = field(default_factory=list)
    ended: str | None = None

    @property
    def newest(self) -> Token:
        """The token that was issued last."""
        return self.tokens[-1]


@dataclass(frozen=True)
class Lifetimes:
    """How long TikTok's tokens live, in seconds."""

    access: int
    refresh: int


class Provider:
    """TikTok: spends and issues tokens. It never fails by itself; the network does.

    Args:
        mode: what it does with a refresh token that was used.
        lifetimes: how long its tokens live.
        now: virtual time.
        old_access_dies: a refresh ends the old access token, too.
    """

    def __init__(
        self,
        mode: Mode,
        lifetimes: Lifetimes,
        now: Callable[[], float],
        *,
        old_access_dies: bool,
    ) -> None:
        self.mode = mode
        self.lifetimes = lifetimes
        self.families: dict[str, Family] = {}
        self.known: dict[str, tuple[Family, Token]] = {}
        self.served: dict[str, tuple[Family, Token]] = {}
        self._now = now
        self._old_access_dies = old_access_dies
        self._issued = 0

    def consent(self, open_id: str) -> Token:
        """A person agrees: a new grant, which replaces the one before."""
        before = self.families.get(open_id)
        family = Family(open_id, 1 if before is None else before.gen + 1)
        self.families[open_id] = family
        return self._issue(family, None)

    def withdraw(self, open_id: str) -> None:
        """A person ends the connection at TikTok."""
        self.families[open_id].ended = "withdrawn"

    def is_live(self, token: Token, family: Family) -> bool:
        """Whether TikTok would take this refresh token now."""
        if family.ended is not None:
            return False
        newest = family.newest
        if token is newest:
            return True
        if newest.bought_with is not token:
            return False
        if self.mode == "leeway":
            return token.used_at is not None and self._now() < token.used_at + LEEWAY
        return self.mode in {"grace", "parent-replay"} and newest.used_at is None

    def refresh(self, text: str) -> tuple[Family, Token] | None:
        """Spend a refresh token; None is ``invalid_grant``."""
        found = self.known.get(text)
        if found is None:
            return None
        family, token = found
        if not self.is_live(token, family):
            if self.mode == "family" and family.ended is None:
                family.ended = "reuse"
            return None
        if self.mode == "none":
            return family, self._again(family, token)
        newest = family.newest
        if self.mode == "parent-replay" and token is not newest:
            if newest.access_ends_at < self._now() + 1.0:
                self._again(family, newest)
            return family, newest
        if token.used_at is None:
            token.used_at = self._now()
        if self._old_access_dies:
            token.access_ends_at = self._now()
        return family, self._issue(family, token)

    def prolong(self, text: str) -> tuple[Family, Token] | None:
        """A new access token for the same refresh token; None when it is not the newest."""
        family, token = self.known[text]
        if family.ended is not None or token is not family.newest:
            return None
        return family, self._again(family, token)

    def knows_access(self, access: str) -> bool:
        """Whether TikTok takes this access token now."""
        found = self.served.get(access)
        if found is None or found[0].ended is not None:
            return False
        return self._now() < found[1].access_ends_at

    def _issue(self, family: Family, parent: Token | None) -> Token:
        self._issued += 1
        name = f"{family.open_id}.{family.gen}.{self._issued}"
        token = Token(f"rft.{name}", f"act.{name}", self._issued, parent, self._now())
        token.access_ends_at = self._now() + self.lifetimes.access
        family.tokens.append(token)
        self.known[token.text] = self.served[token.access] = (family, token)
        return token

    def _again(self, family: Family, token: Token) -> Token:
        self._issued += 1
        token.access = f"act.{family.open_id}.{family.gen}.{self._issued}"
        token.access_ends_at = self._now() + self.lifetimes.access
        self.served[token.access] = (family, token)
        return token


def sent_token(request: HttpRequest) -> str:
    """The refresh token in a request."""
    return parse_qs((request.body or b"").decode())["refresh_token"][0]


def sent_access(request: HttpRequest) -> str:
    """The access token in a request."""
    return dict(request.headers)["Authorization"].removeprefix("Bearer ")


def tokens_answer(family: Family, token: Token, lifetimes: Lifetimes, now: float) -> HttpResponse:
    """The answer with tokens."""
    expires_in = max(1, int(token.access_ends_at - now))
    return _json(
        200,
        {
            "access_token": token.access,
            "expires_in": expires_in,
            "open_id": family.open_id,
            "refresh_expires_in": lifetimes.refresh,
            "refresh_token": token.text,
            "scope": "user.info.basic",
            "token_type": "Bearer",
        },
    )


def refusal(status: int = 400, code: str = "invalid_grant", text: str = "Refused.") -> HttpResponse:
    """An error of the token endpoint."""
    return _json(status, {"error": code, "error_description": text, "log_id": "2026"})


def profile_answer(open_id: str | None) -> HttpResponse:
    """The answer to a profile request; None for a dead access token."""
    if open_id is None:
        error = {"code": "access_token_invalid", "message": "Invalid.", "log_id": "2026"}
        return _json(401, {"data": {}, "error": error})
    error = {"code": "ok", "message": "", "log_id": "2026"}
    return _json(200, {"data": {"user": {"open_id": open_id}}, "error": error})


def _json(status: int, body: object) -> HttpResponse:
    return HttpResponse(status, {"x-tt-logid": "2026"}, json.dumps(body).encode())
