"""Hands out access tokens: from memory while they are fresh, else from the store, refreshed."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

import msgspec

from tiktok_oauth.engine.run import run
from tiktok_oauth.errors import RequestTimeoutError, TikTokErrorCode
from tiktok_oauth.policy import refresh_decision
from tiktok_oauth.types import AccessToken, Secret
from tiktok_oauth.vault.refresh import ladder, turns
from tiktok_oauth.vault.sealing.cipher import Binding
from tiktok_oauth.vault.stores.bars import barred_for

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Future

    from tiktok_oauth.errors import StoreError, TikTokAPIError
    from tiktok_oauth.vault.stores.rows import Grant, Ref
    from tiktok_oauth.vault.strongroom import Strongroom

_REMEMBERED = 100_000
"""Tokens in memory: some 65 MB when there are as many. The oldest give way."""
_LOOK_AGAIN = 60.0
"""Seconds after which a token in memory is compared with the store: somebody may have
disconnected the account elsewhere."""
_STORE_AWAY = 5.0
"""Seconds for which a store that did not answer is not asked again for a token in memory."""

_IT_GOES_ON = (
    "The account's refresh was not over within {seconds:g} s. It goes on.",
    "Ask again: what it brings is kept.",
)
_IT_WAITS = (
    "No refresher has refreshed the account within {seconds:g} s.",
    "See that one runs on this store (tiktok-oauth refresher), then ask again.",
)


class _Held(msgspec.Struct, frozen=True, gc=False):
    """A token in memory, made of nothing that the garbage collector looks through.

    With a hundred thousand objects of ours, each full collection held everybody up for 30 ms.
    """

    token: str
    expires_at: float
    scope: str
    until: float
    look_again: float

    def __repr__(self) -> str:
        return "_Held(***)"


class Teller:
    """One vault's counter. Safe to share between threads; everything but ``quick`` may block.

    Args:
        room: the vault's inside.
        elsewhere: only a refresher asks TikTok; this process waits for it.
    """

    def __init__(self, room: Strongroom, *, elsewhere: bool) -> None:
        self._room = room
        self._elsewhere = elsewhere
        self._renew = turns.await_refresher if elsewhere else turns.renew
        self._held: OrderedDict[tuple[str, str], _Held] = OrderedDict()

    def quick(self, ref: Ref) -> AccessToken | None:
        """A fresh token from memory, or None."""
        held = self._held.get(ref)
        if held is None:
            return None
        time = self._room.times[ref.client_key]
        if time.now() >= held.until or time.monotonic() >= held.look_again or time.is_stale:
            return None
        return AccessToken(held.token, held.expires_at, ref.open_id, ref.client_key, held.scope)

    def meanwhile(self, ref: Ref, error: StoreError) -> AccessToken:
        """The fresh token in memory, while the store that should be looked at is away.

        Raises:
            StoreError: this one, where there is none, or where it does not pass by itself.
        """
        held, time = self._held.get(ref), self._room.times[ref.client_key]
        if held is None or not error.retryable or time.now() >= held.until or time.is_stale:
            raise error
        # Nobody else waits for the store for a moment: that may take as long as it has patience.
        again = time.monotonic() + _STORE_AWAY
        self._held[ref] = msgspec.structs.replace(held, look_again=again)
        return AccessToken(held.token, held.expires_at, ref.open_id, ref.client_key, held.scope)

    def look(self, ref: Ref) -> AccessToken | Future[Grant]:
        """A token that can be used now; without one, the refresh to wait for.

        If it is time for a refresh, that is begun anyway.

        Raises:
            ValidationError: the account is not known.
            InvalidTokenError: it needs a new login, and its token has ended.
            VaultKeyError: it cannot be decrypted.
        """
        self._room.look_at_time(ref.client_key)
        return self.judge(ref, self._room.site.store.get(ref))

    def read(self, refs: Sequence[Ref]) -> list[Grant | None]:
        """The rows of some accounts, for ``judge``.

        Raises:
            StoreError: the store cannot be read.
        """
        # An account of an app that is not here fails alone, when it is judged.
        for client_key in {ref.client_key for ref in refs}.intersection(self._room.client_keys):
            self._room.look_at_time(client_key)
        return self._room.site.store.get_all(refs)

    def judge(self, ref: Ref, row: Grant | None) -> AccessToken | Future[Grant]:
        """As ``look``, for a row that was just read."""
        grant = turns.known(row)
        desk = self._room.desk(ref)
        freshness = refresh_decision(ladder.lifetimes(grant), desk.now())
        alive = freshness in {"fresh", "soon"} and grant.access is not None
        if grant.status != "active":
            if alive and grant.reason != "revoked":
                return self._open(grant)
            turns.usable(grant)
        if freshness == "fresh":
            return self._remember(grant)
        if alive and barred_for(grant.not_before, grant.failures, desk.now()) > 0:
            return self._open(grant)
        flight = self.flight(ref, grant)
        return self._open(grant) if alive else flight

    def standing(self, grant: Grant) -> AccessToken | None:
        """A row's own token, if it has not ended; nothing is begun."""
        now = self._room.desk(grant.ref).now()
        lives = refresh_decision(ladder.lifetimes(grant), now) in {"fresh", "soon"}
        return self._open(grant) if lives and grant.access is not None else None

    def flight(self, ref: Ref, had: Grant | None = None) -> Future[Grant]:
        """The refresh of an account, under way or new: to newer tokens than somebody has read.

        Where nobody has read any it is somebody's wish, and the time has not been looked at.
        """
        self._room.look_at_time(ref.client_key, at_once=had is None)
        desk = self._room.desk(ref)
        return self._room.flights.join(ref, lambda: run(self._renew(desk, ref, had)))

    def rejected(self, ref: Ref, refused: Secret) -> AccessToken | Future[Grant]:
        """What there is after TikTok refused a token: another one, or a refresh to wait for.

        Raises:
            TikTokAPIError: as ``look``.
        """
        self.forget(ref)
        # A sandbox's clock may have been moved: by the old one, the next token would be dead, too.
        self._room.look_at_time(ref.client_key, at_once=True)
        grant = turns.usable(self._room.site.store.get(ref))
        if grant.access is not None and Secret(self._open(grant).token) != refused:
            return self.judge(ref, grant)  # Somebody has refreshed since; that may be long ago.
        return self.flight(ref, grant)

    def take(self, grant: Grant) -> AccessToken:
        """The token a refresh brought."""
        return self._remember(grant)

    def not_in_time(self, seconds: float) -> TikTokAPIError:
        """The error for a caller whose patience ended before a refresh did."""
        text, hint = _IT_WAITS if self._elsewhere else _IT_GOES_ON
        error = RequestTimeoutError(
            TikTokErrorCode.TIMEOUT_ERROR,
            text.format(seconds=seconds),
            "",
            retryable=True,
            hint=hint,
        )
        error.retry_after = 1.0
        return error

    def forget(self, ref: Ref) -> None:
        """Drop what is in memory of an account."""
        self._held.pop(ref, None)

    def _open(self, grant: Grant) -> AccessToken:
        binding = Binding("access", *grant.ref, grant.gen, grant.ver)
        return AccessToken(
            self._room.site.cipher.open_secret(grant.access or b"", binding).reveal(),
            grant.access_expires_at,
            grant.open_id,
            grant.client_key,
            grant.scope,
        )

    def _remember(self, grant: Grant) -> AccessToken:
        time = self._room.times[grant.client_key]
        until = grant.access_expires_at - min(3600.0, grant.lifetime / 4)
        token = self._open(grant)
        while len(self._held) >= _REMEMBERED:
            self._held.popitem(last=False)
        # A plain tuple of texts: the collector lets go of those, and not of a Ref.
        self._held[grant.client_key, grant.open_id] = _Held(
            token.token, token.expires_at, token.scope, until, time.monotonic() + _LOOK_AGAIN
        )
        return token
