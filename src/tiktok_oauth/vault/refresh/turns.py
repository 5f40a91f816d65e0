"""One flight: make an account's tokens newer than the ones somebody has, whoever does it.

The account's tokens may be replaced here, by another thread of the fleet, or by what a dead vault
left in its journal: this story waits for whichever comes first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiktok_oauth.errors import (
    ServerError,
    TikTokAPIError,
    TikTokErrorCode,
    invalid_argument,
    store_error,
)
from tiktok_oauth.vault.refresh import ladder
from tiktok_oauth.vault.refresh.place import replay, standing_token
from tiktok_oauth.vault.refresh.renew import refresh
from tiktok_oauth.vault.refresh.setback import bring_back
from tiktok_oauth.vault.stores.bars import barred_for
from tiktok_oauth.vault.stores.rows import Claim

if TYPE_CHECKING:
    from tiktok_oauth.errors import StoreError
    from tiktok_oauth.vault.refresh.ports import Desk
    from tiktok_oauth.vault.stores.rows import Grant, Ref

_SHORT = 6.0
"""Seconds a flight waits for its next try; with a longer wait it ends, and says how long."""
_FIRST_LOOK = 0.02
_SLOWEST_LOOK = 0.5
_ASK_AGAIN = 2.0


async def renew(desk: Desk, ref: Ref, had: Grant | None = None) -> Grant:
    """Return an account's row once its tokens are newer than in the one that somebody has read.

    Args:
        desk: the way to everything.
        ref: the account.
        had: what was read; without it, newer than now.

    Raises:
        ValidationError: the account is not known.
        InvalidTokenError: the account needs a new login.
        VaultKeyError: its refresh token cannot be opened.
        StoreError: the store cannot be used, or is frozen.
        TikTokAPIError: it did not work out for now; ``retry_after`` says when to ask again.
    """
    look, hold_back = _FIRST_LOOK, _HoldBack(desk)
    give_up = desk.core.clock.monotonic() + desk.deadline + 2 * _SHORT
    # Read again, within the flight: the one before it may have left a claim of our own open.
    grant = usable(await desk.hands.get(ref))
    if (back := await bring_back(desk, grant)) is not None:
        grant = had = usable(back)
    had = had or grant
    while not _is_newer(grant, had):
        wait = _wait(desk, grant)
        if wait > _SHORT or desk.core.clock.monotonic() > give_up:
            standing_token(desk.cipher, grant)
            raise not_now(grant, max(wait, 1.0))
        if wait > 0:
            await desk.hands.pause(min(wait, _SLOWEST_LOOK))
        elif claimed := None if hold_back.applies(grant) else await _claim(desk, grant):
            try:
                return await refresh(desk, claimed)
            except TikTokAPIError as error:
                # What is due again soon is tried again here, before anybody hears of it.
                if not error.retryable or (error.retry_after or 0.0) > _SHORT:
                    raise
        else:
            await hold_back.make_way(grant)
            await desk.hands.pause(look)
            look = min(2 * look, _SLOWEST_LOOK)
        grant = usable(await desk.hands.get(ref))
    return grant


async def await_refresher(desk: Desk, ref: Ref, had: Grant | None = None) -> Grant:
    """As ``renew``, where only a refresher may ask TikTok: say that somebody waits, and look.

    Raises:
        ValidationError: the account is not known.
        InvalidTokenError: the account needs a new login.
        StoreError: the store cannot be used.
        TikTokAPIError: no refresher brought new tokens so far.
    """
    look = _FIRST_LOOK
    give_up = desk.core.clock.monotonic() + desk.deadline
    grant = had = usable(had or await desk.hands.get(ref))
    while not _is_newer(grant, had):
        if desk.core.clock.monotonic() > give_up or _wait(desk, grant) > _SHORT:
            raise not_now(grant, max(_wait(desk, grant), 1.0))
        await desk.hands.want(ref, desk.now())
        await desk.hands.pause(look)
        look = min(2 * look, _SLOWEST_LOOK)
        grant = usable(await desk.hands.get(ref))
    return grant


def _wait(desk: Desk, grant: Grant) -> float:
    return barred_for(grant.not_before, grant.failures, desk.now())


def _is_newer(one: Grant, other: Grant) -> bool:
    """By consents first, then by refreshes."""
    return (one.gen, one.ver) > (other.gen, other.ver)


async def _claim(desk: Desk, grant: Grant) -> Grant | None:
    """The claimed row; None while it cannot be claimed.

    Raises:
        VaultKeyError: its refresh token cannot be opened. Nothing has changed.
    """
    if not await desk.barrier.caught_up(desk):
        return None
    if grant.boot == desk.boot and await _was_answered(desk, grant):
        return None
    standing_token(desk.cipher, grant)
    return await desk.hands.claim(claim_of(desk, grant))


async def _was_answered(desk: Desk, grant: Grant) -> bool:
    """Whether a claim of our own, which is still open, had an answer: it is written now.

    Its flight ended because the store failed. The answer is in our journal and nowhere else.
    """
    found = [
        answer
        for answer in await desk.hands.own_answers()
        if answer.ref == grant.ref and answer.attempt == grant.attempt
    ]
    for answer in found:
        await replay(desk, answer)
    return bool(found)


def claim_of(desk: Desk, grant: Grant) -> Claim:
    """Ask for the right to refresh what was read."""
    attempt = desk.core.dice.token_hex(8)
    return Claim(grant.ref, grant.gen, grant.ver, attempt, desk.boot, desk.now(), desk.patience)


def known(grant: Grant | None) -> Grant:
    """A row that is there.

    Raises:
        ValidationError: it is not.
    """
    if grant is None:
        raise invalid_argument(
            "No such account is connected.", "Send the person through begin_login()."
        )
    return grant


def usable(grant: Grant | None) -> Grant:
    """A row that has a refresh token to use.

    Raises:
        ValidationError: there is no row.
        InvalidTokenError: it has none, or the account needs a new login.
    """
    return ladder.usable(known(grant))


def not_now(grant: Grant, wait: float) -> TikTokAPIError:
    """The error while an account waits for its next try."""
    error = ServerError(
        TikTokErrorCode.API_ERROR,
        f"The account cannot be refreshed right now. {grant.trouble or ''}".strip(),
        "",
        retryable=True,
        log_id=grant.log_id,
        hint="Try again after retry_after seconds.",
    )
    error.retry_after = wait
    return error


class _HoldBack:
    """Reading is cheap and claiming is not: a refused claim is not asked for again and again."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._attempt: str | None = None
        self._until = 0.0

    def applies(self, grant: Grant) -> bool:
        """Whether the claim that stood in the way a moment ago still does, as far as one sees."""
        is_same = grant.attempt is not None and grant.attempt == self._attempt
        return is_same and self._desk.core.clock.monotonic() < self._until

    async def make_way(self, grant: Grant) -> None:
        """Make sure that a refusal is not for the sake of the dead, or of a restore."""
        if self.applies(grant):
            return
        if await self._desk.hands.frozen():
            raise frozen()
        await self._desk.hands.bury()
        if grant.attempt == self._attempt:
            self._until = self._desk.core.clock.monotonic() + _ASK_AGAIN
        self._attempt = grant.attempt


def frozen() -> StoreError:
    """The error while a restored store waits for somebody to look at it."""
    return store_error(
        "The token store is frozen: it was restored from a backup, and what was refreshed since "
        "then may be lost if it is refreshed again.",
        "Bring back the journals of all hosts, start a vault there, then run: "
        "tiktok-oauth unfreeze",
    )
