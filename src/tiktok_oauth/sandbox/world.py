"""The sandbox's state: who granted what to whom, and until when. No I/O, no clock of its own.

Rows are frozen values; the tables change only through the methods below, each of which is told
what time it is. Tables are kept in order of expiry, so that what is over can be swept from the
front and memory stays flat however long a sandbox runs.
"""

from __future__ import annotations

import hashlib
import hmac
import math
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Protocol, TypeVar

from tiktok_oauth.errors import invalid_argument
from tiktok_oauth.sandbox.catalog import BASIC_SCOPE, DEFAULT_APP, PEOPLE, SCOPES
from tiktok_oauth.sandbox.mint import mint_code, mint_log_id, mint_token, open_id

if TYPE_CHECKING:
    from collections.abc import Iterable
    from random import Random

    from tiktok_oauth.sandbox.catalog import App, Person


@dataclass(frozen=True, slots=True)
class Knobs:
    """What can be set: lifetimes in seconds, by default as TikTok documents since November 2026.

    TikTok documents no lifetime of a code; five minutes is what people report.
    """

    access_ttl: int = 7_200
    refresh_ttl: int = 15_552_000
    code_ttl: int = 300
    client_ttl: int = 7_200


@dataclass(frozen=True, slots=True)
class Consent:
    """A person allowed an app some scopes, for one redirect URI."""

    client_key: str
    person_id: str
    scopes: tuple[str, ...]
    redirect_uri: str
    code_challenge: str | None = None


@dataclass(frozen=True, slots=True)
class Code:
    """An authorization code that waits to be exchanged."""

    consent: Consent
    dies: float


@dataclass(frozen=True, slots=True)
class Grant:
    """What one exchange created. It ends ``refresh_ttl`` after it, however often it is refreshed.

    The grant knows its one living refresh token; those before it are nowhere kept.
    """

    grant_id: int
    client_key: str
    person_id: str
    scopes: tuple[str, ...]
    dies: float
    refresh_token: str = field(repr=False)

    @property
    def open_id(self) -> str:
        """The person's id for this app."""
        return open_id(self.client_key, self.person_id)


@dataclass(frozen=True, slots=True)
class Access:
    """What an access token opens."""

    grant_id: int
    dies: float


@dataclass(frozen=True, slots=True)
class TokenSet:
    """The answer to an exchange or a refresh; lifetimes are what remains, in seconds."""

    access_token: str = field(repr=False)
    expires_in: int
    open_id: str
    refresh_expires_in: int
    refresh_token: str = field(repr=False)
    scope: str


class OAuthRefusal(Exception):  # noqa: N818 - a refusal is an answer, not a failure of ours
    """An OAuth endpoint says no, in TikTok's words."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(f"{error}: {description}")
        self.error = error
        self.description = description


class _Mortal(Protocol):
    @property
    def dies(self) -> float: ...


Key = TypeVar("Key")
Row = TypeVar("Row", bound=_Mortal)


class World:
    """Apps, people, codes, grants and tokens, and how far the clock was moved.

    Args:
        dice: where codes and tokens come from; a seeded one makes a world reproducible.
        knobs: lifetimes.
        apps: who may ask.
        people: who may answer.
    """

    def __init__(
        self,
        dice: Random,
        *,
        knobs: Knobs | None = None,
        apps: Iterable[App] = (DEFAULT_APP,),
        people: Iterable[Person] = PEOPLE,
    ) -> None:
        self.knobs: Knobs = knobs or Knobs()
        self.apps: dict[str, App] = {app.client_key: app for app in apps}
        self.people: dict[str, Person] = {person.person_id: person for person in people}
        self.offset: float = 0.0
        self._dice = dice
        self._codes: OrderedDict[str, Code] = OrderedDict()
        self._grants: OrderedDict[int, Grant] = OrderedDict()
        self._access: OrderedDict[str, Access] = OrderedDict()
        self._refresh: dict[str, int] = {}
        self._connections: dict[tuple[str, str], set[int]] = {}
        self._last_grant = 0

    def advance(self, seconds: float) -> None:
        """Move the clock forward.

        Raises:
            ValidationError: the clock would go back.
        """
        if not 0 <= seconds < math.inf:
            raise invalid_argument("seconds must be 0 or more: the clock only moves forward.")
        self.offset += seconds

    def log_id(self, now: float) -> str:
        """Return a new id for TikTok's own logs."""
        return mint_log_id(self._dice, now)

    def counts(self) -> dict[str, int]:
        """Return how many rows each table has."""
        return {
            "access_tokens": len(self._access),
            "apps": len(self.apps),
            "codes": len(self._codes),
            "grants": len(self._grants),
            "people": len(self.people),
        }

    def consent(self, now: float, consent: Consent) -> str:
        """Return a code for what the person allowed; the basic scope always goes with it."""
        _sweep(self._codes, now)
        wanted = {BASIC_SCOPE, *consent.scopes}
        granted = tuple(scope for scope in SCOPES if scope in wanted)
        code = mint_code(self._dice)
        self._codes[code] = Code(replace(consent, scopes=granted), now + self.knobs.code_ttl)
        return code

    def exchange(
        self, now: float, app: App, code: str, *, redirect_uri: str, verifier: str | None
    ) -> TokenSet:
        """Spend a code. A refused exchange leaves the code as it was.

        Raises:
            OAuthRefusal: the code, the redirect URI or the verifier does not fit.
        """
        waiting = self._codes.get(code)
        known = waiting is not None and waiting.consent.client_key == app.client_key
        if waiting is None or not known or now >= waiting.dies:
            raise OAuthRefusal("invalid_grant", "Authorization code is expired.")
        consent = waiting.consent
        if redirect_uri != consent.redirect_uri:
            raise OAuthRefusal(
                "invalid_request", "Redirect_uri is not matched with the uri when requesting code."
            )
        if consent.code_challenge is not None and not _proves(verifier, consent.code_challenge):
            raise OAuthRefusal("invalid_request", "Code verifier or code challenge is invalid.")
        del self._codes[code]
        return self._issue(now, self._begin_grant(now, consent))

    def refresh(self, now: float, app: App, refresh_token: str) -> TokenSet:
        """Rotate: the token sent is dead as soon as the new one is issued.

        Raises:
            OAuthRefusal: the token was rotated, revoked, has expired or never was.
        """
        grant = self._grants.get(self._refresh.get(refresh_token, 0))
        if grant is None or grant.client_key != app.client_key or now >= grant.dies:
            raise OAuthRefusal("invalid_grant", "Refresh token is invalid or expired.")
        del self._refresh[refresh_token]
        rotated = replace(grant, refresh_token=mint_token(self._dice, "rft"))
        self._grants[grant.grant_id] = rotated
        self._refresh[rotated.refresh_token] = grant.grant_id
        return self._issue(now, rotated)

    def client_token(self) -> tuple[str, int]:
        """Return a new client access token and its lifetime; no endpoint here asks for one."""
        return mint_token(self._dice, "clt"), self.knobs.client_ttl

    def revoke(self, now: float, app: App, access_token: str) -> None:
        """Disconnect the app from the person behind a token: every grant between them ends.

        Raises:
            OAuthRefusal: the access token is dead; it takes a living one to revoke.
        """
        grant = self.bearer(now, access_token)
        if grant is None or grant.client_key != app.client_key:
            raise OAuthRefusal("invalid_grant", "Access token is invalid or expired.")
        for grant_id in tuple(self._connections[grant.client_key, grant.person_id]):
            self._disconnect(self._grants.pop(grant_id))

    def bearer(self, now: float, access_token: str) -> Grant | None:
        """Return the grant that a living access token stands for."""
        access = self._access.get(access_token)
        if access is None or now >= access.dies:
            return None
        grant = self._grants.get(access.grant_id)
        return None if grant is None or now >= grant.dies else grant

    def _begin_grant(self, now: float, consent: Consent) -> Grant:
        for ended in _sweep(self._grants, now):
            self._disconnect(ended)
        self._last_grant += 1
        grant = Grant(
            self._last_grant,
            consent.client_key,
            consent.person_id,
            consent.scopes,
            now + self.knobs.refresh_ttl,
            mint_token(self._dice, "rft"),
        )
        self._grants[grant.grant_id] = grant
        self._refresh[grant.refresh_token] = grant.grant_id
        self._connections.setdefault((grant.client_key, grant.person_id), set()).add(grant.grant_id)
        return grant

    def _issue(self, now: float, grant: Grant) -> TokenSet:
        _sweep(self._access, now)
        access_token = mint_token(self._dice, "act")
        self._access[access_token] = Access(grant.grant_id, now + self.knobs.access_ttl)
        return TokenSet(
            access_token,
            self.knobs.access_ttl,
            grant.open_id,
            int(grant.dies - now),
            grant.refresh_token,
            ",".join(grant.scopes),
        )

    def _disconnect(self, grant: Grant) -> None:
        del self._refresh[grant.refresh_token]
        connection = grant.client_key, grant.person_id
        self._connections[connection].remove(grant.grant_id)
        if not self._connections[connection]:
            del self._connections[connection]


def _proves(verifier: str | None, challenge: str) -> bool:
    """Whether the verifier fits: TikTok compares lower-case hex, not RFC 7636's base64url."""
    digest = hashlib.sha256((verifier or "").encode()).hexdigest()
    return hmac.compare_digest(digest.encode(), challenge.encode("utf-8", "replace"))


def _sweep(table: OrderedDict[Key, Row], now: float) -> list[Row]:
    """Drop up to two rows at the front whose time is over: enough to outrun each new row."""
    over = [key for key, row in islice(table.items(), 2) if now >= row.dies]
    return [table.pop(key) for key in over]
