"""The sandbox's state: who granted what to whom, and until when. No I/O, no clock of its own.

Rows are frozen values; the tables change only through the methods below, each of which is told
what time it is.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from msgspec import structs

from tiktok_oauth.sandbox.catalog import BASIC_SCOPE, DEFAULT_APP, PEOPLE, SCOPES, Person
from tiktok_oauth.sandbox.grants import Grant, Grants
from tiktok_oauth.sandbox.knobs import Knobs
from tiktok_oauth.sandbox.limits import Limits
from tiktok_oauth.sandbox.mint import Claims, Mint, open_id
from tiktok_oauth.sandbox.notices import AUTHORIZATION_REMOVED, Notice, Reason, write_content
from tiktok_oauth.sandbox.pace import Pace
from tiktok_oauth.sandbox.registration import check_app

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from random import Random

    from tiktok_oauth.sandbox.catalog import App, Status
    from tiktok_oauth.sandbox.posting import Post
    from tiktok_oauth.sandbox.qr import QrLogin

_KEY_SIZE = 32


@dataclass(frozen=True, slots=True)
class Consent:
    """A person allowed an app some scopes.

    Attributes:
        client_key: the app.
        person_id: the person.
        scopes: what was allowed.
        redirect_uri: what the exchange has to repeat; None where the request named none.
        code_challenge: what the code verifier is measured by, if anything.
    """

    client_key: str
    person_id: str
    scopes: tuple[str, ...]
    redirect_uri: str | None
    code_challenge: str | None = None


@dataclass(frozen=True, slots=True)
class Code:
    """An authorization code that waits to be exchanged."""

    consent: Consent
    dies: float


@dataclass(frozen=True, slots=True)
class TokenSet:
    """What an exchange or a refresh gives; lifetimes are what remains, in seconds.

    The last three fields are ours: whose it is, and the number of the refresh token in its grant.
    """

    access_token: str = field(repr=False)
    expires_in: int
    open_id: str
    refresh_expires_in: int
    refresh_token: str = field(repr=False)
    scope: str
    person_id: str
    grant_id: int
    generation: int


class OAuthRefusal(Exception):  # noqa: N818 - a refusal is an answer, not a failure of ours
    """An OAuth endpoint says no, in TikTok's words."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(f"{error}: {description}")
        self.error = error
        self.description = description


class World:
    """Apps, people, codes and grants, and how far the clock was moved.

    Args:
        dice: rolled once, for the key that everything minted follows from; seeded ones make a
            world reproducible.
        knobs: lifetimes and behaviour.
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
        self.apps: dict[str, App] = {app.client_key: check_app(app) for app in apps}
        self.people: dict[str, Person] = {person.person_id: person for person in people}
        self.pace: Pace = Pace()
        self.mint: Mint = Mint(dice.randbytes(_KEY_SIZE))
        self.grants: Grants = Grants()
        self.codes: OrderedDict[str, Code] = OrderedDict()
        self.qr_logins: OrderedDict[str, QrLogin] = OrderedDict()
        self.posts: OrderedDict[str, Post] = OrderedDict()
        self.limits: Limits = Limits()
        self.notices: list[Notice] = []
        self.withdrawn: list[str] = []

    def advance(self, seconds: float) -> None:
        """Move the clock forward.

        Raises:
            ValidationError: the clock would go back, or leave the calendar.
        """
        self.pace = self.pace.advanced(seconds)

    def log_id(self, now: float) -> str:
        """Return a new id for TikTok's own logs."""
        return self.mint.log_id(now)

    def counts(self) -> dict[str, int]:
        """Return how many rows each table has."""
        return {
            "apps": len(self.apps),
            "codes": len(self.codes),
            "grants": len(self.grants),
            "people": len(self.people),
        }

    def in_order(self, scopes: Iterable[str]) -> tuple[str, ...]:
        """Return what is granted for these scopes: the basic one always goes with them."""
        wanted = (*scopes, BASIC_SCOPE)
        order: Iterable[str] = wanted if self.knobs.scope_order == "asked" else SCOPES
        return tuple(dict.fromkeys(scope for scope in order if scope in wanted))

    def consent(self, now: float, consent: Consent) -> str:
        """Return a code for what the person allowed."""
        _sweep(self.codes, now)
        code = self.mint.code()
        granted = replace(consent, scopes=self.in_order(consent.scopes))
        self.codes[code] = Code(granted, now + self.knobs.code_ttl)
        return code

    def exchange(
        self, now: float, app: App, code: str, *, redirect_uri: str, verifier: str | None
    ) -> TokenSet:
        """Spend a code. A refused exchange leaves the code as it was.

        Raises:
            OAuthRefusal: the code, the redirect URI or the verifier does not fit.
        """
        waiting = self.codes.get(code)
        known = waiting is not None and waiting.consent.client_key == app.client_key
        if waiting is None or not known or now >= waiting.dies:
            raise OAuthRefusal("invalid_grant", "Authorization code is expired.")
        consent = waiting.consent
        if consent.redirect_uri not in (redirect_uri, None):
            raise OAuthRefusal(
                "invalid_request", "Redirect_uri is not matched with the uri when requesting code."
            )
        if not self._proves(verifier, consent.code_challenge):
            raise OAuthRefusal("invalid_request", "Code verifier or code challenge is invalid.")
        del self.codes[code]
        return self.begin_grant(now, consent)

    def begin_grant(self, now: float, consent: Consent) -> TokenSet:
        """Return the tokens of a new grant."""
        self.grants.sweep(now)
        grant = Grant(
            self.grants.last + 1,
            consent.client_key,
            consent.person_id,
            self.in_order(consent.scopes),
            now + self.knobs.refresh_ttl,
        )
        self.grants.add(grant)
        return self._issue(now, grant)

    def refresh(self, now: float, app: App, claims: Claims | None) -> TokenSet:
        """Rotate, in the way that the knobs say; by default the token sent is dead then.

        Args:
            now: the time.
            app: who sends it.
            claims: what the refresh token says; None when it was not made here.

        Raises:
            OAuthRefusal: the token was rotated, revoked, has expired or never was.
        """
        grant = claims and self.grants.get(claims.grant_id)
        if not claims or not grant or grant.client_key != app.client_key or now >= grant.dies:
            raise OAuthRefusal("invalid_grant", "Refresh token is invalid or expired.")
        if claims.number == grant.generation:
            return self._issue(now, self._rotate(now, grant))
        if self._may_repeat(now, grant, claims.number):
            return self._issue(now, grant)
        if self.knobs.rotation == "family":
            self.grants.end(grant)
        raise OAuthRefusal("invalid_grant", "Refresh token is invalid or expired.")

    def client_token(self, now: float) -> tuple[str, int]:
        """Return a new client access token and its lifetime; no endpoint here asks for one."""
        lifetime = self.knobs.client_ttl
        claims = Claims(0, int.from_bytes(self.mint.draw(8), "big"), now + lifetime)
        return self.mint.seal("clt", claims), lifetime

    def revoke(self, now: float, app: App, access_token: str) -> str:
        """Disconnect the app from the person behind a token, who is returned.

        Every grant between the two ends.

        Raises:
            OAuthRefusal: the access token is dead; it takes a living one to revoke.
        """
        grant = self.bearer(now, access_token)
        if grant is None or grant.client_key != app.client_key:
            raise OAuthRefusal("invalid_grant", "Access token is invalid or expired.")
        self.disconnect(now, app.client_key, grant.person_id, Reason.REVOKED)
        return grant.person_id

    def disconnect(self, now: float, client_key: str, person_id: str, reason: Reason) -> bool:
        """End every grant between an app and a person, and tell the app if there was any."""
        ended = self.grants.between(client_key, person_id)
        for grant in ended:
            self.grants.end(grant)
        if ended:
            self.notify(now, client_key, AUTHORIZATION_REMOVED, person_id, {"reason": reason})
        return bool(ended)

    def leave(self, now: float, person_id: str, reason: Reason) -> None:
        """Let a person go, for good (deleted, banned) or from all apps at once (age changed).

        Raises:
            KeyError: nobody has this id.
        """
        person = self.people[person_id]
        for client_key in self.apps:
            self.disconnect(now, client_key, person_id, reason)
        if reason in (Reason.DELETED, Reason.BANNED):
            status: Status = "deleted" if reason is Reason.DELETED else "banned"
            self.people[person_id] = replace(person, status=status)

    def move_in(self, count: int) -> list[str]:
        """Let so many new people have an account, and return what they are called here."""
        numbers = (number for number in itertools.count(1) if f"person-{number}" not in self.people)
        new = [
            Person(f"person-{number}", f"Person {number}", f"person.{number}")
            for number in itertools.islice(numbers, count)
        ]
        self.people.update((person.person_id, person) for person in new)
        return [person.person_id for person in new]

    def person_of(self, client_key: str, account: str) -> str:
        """Return who has this open_id, "" for nobody."""
        people = (one for one in self.people if open_id(client_key, one) == account)
        return next(people, "")

    def notify(
        self,
        now: float,
        client_key: str,
        event: str,
        person_id: str,
        details: Mapping[str, object],
        *,
        after: float = 0,
    ) -> None:
        """Queue an event for an app that registered an address for them."""
        if self.apps[client_key].webhook_url is None:
            return
        account = open_id(client_key, person_id)
        content = write_content(details)
        self.notices.append(
            Notice(client_key, event, int(now + after), account, content, now + after)
        )

    def bearer(self, now: float, access_token: str) -> Grant | None:
        """Return the grant that a living access token stands for."""
        claims = self.mint.open("act", access_token)
        grant = claims and self.grants.get(claims.grant_id)
        if not claims or not grant or claims.number < grant.floor:
            return None
        return None if now >= claims.dies or now >= grant.dies else grant

    def refresh_token(self, grant: Grant) -> str:
        """Return the refresh token that lives; those of generations before it were rotated."""
        return self.mint.seal("rft", Claims(grant.grant_id, grant.generation))

    def _rotate(self, now: float, grant: Grant) -> Grant:
        sliding = self.knobs.refresh_expiry == "sliding"
        return structs.replace(
            grant,
            dies=now + self.knobs.refresh_ttl if sliding else grant.dies,
            generation=grant.generation + (self.knobs.rotation != "none"),
            rotated=now,
            floor=grant.serial if self.knobs.old_access_dies else grant.floor,
        )

    def _may_repeat(self, now: float, grant: Grant, number: int) -> bool:
        """Whether the token before the living one still works, and buys that one again."""
        if number != grant.generation - 1:
            return False
        rotation = self.knobs.rotation
        in_time = now < grant.rotated + self.knobs.leeway
        return rotation == "grace" or (rotation == "leeway" and in_time)

    def _issue(self, now: float, grant: Grant) -> TokenSet:
        claims = Claims(grant.grant_id, grant.serial, now + self.knobs.access_ttl)
        issued = structs.replace(grant, serial=grant.serial + 1, access_dies=claims.dies)
        self.grants.put(issued)
        return TokenSet(
            self.mint.seal("act", claims),
            self.knobs.access_ttl,
            open_id(grant.client_key, grant.person_id),
            int(grant.dies - now),
            self.refresh_token(grant),
            ",".join(grant.scopes),
            grant.person_id,
            grant.grant_id,
            grant.generation,
        )

    def _proves(self, verifier: str | None, challenge: str | None) -> bool:
        """Whether the verifier fits: TikTok compares lower-case hex, not RFC 7636's base64url."""
        if challenge is None:
            return True
        digest = hashlib.sha256((verifier or "").encode()).digest()
        expected = challenge.encode("utf-8", "replace")
        if hmac.compare_digest(digest.hex().encode(), expected):
            return self.knobs.pkce != "strict" or _is_verifier(verifier or "")
        encoded = base64.urlsafe_b64encode(digest).rstrip(b"=")
        return self.knobs.pkce == "lenient" and hmac.compare_digest(encoded, expected)


def _is_verifier(text: str) -> bool:
    """Whether RFC 7636 allows this as a verifier: TikTok's own SDKs make some that it does not."""
    unreserved = text.replace("-", "").replace(".", "").replace("_", "").replace("~", "")
    return 43 <= len(text) <= 128 and unreserved.isascii() and unreserved.isalnum()  # noqa: PLR2004 - numbers of the rule itself


def _sweep(codes: OrderedDict[str, Code], now: float) -> None:
    """Drop up to two codes at the front whose time is over: enough to outrun each new one."""
    over = [code for code, row in itertools.islice(codes.items(), 2) if now >= row.dies]
    for code in over:
        del codes[code]
