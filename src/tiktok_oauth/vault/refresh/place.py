"""Where new tokens go: into the row whose token they were bought with, else among the candidates.

The same steps serve an answer that has just come, one that a dead vault left in its journal and
one that comes again: repeating them, in any order, ends in the same row.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from tiktok_oauth.errors import StoreError, TikTokAPIError, vault_key_error
from tiktok_oauth.policy import Lifetimes, keep_at, warm_at
from tiktok_oauth.protocol import token
from tiktok_oauth.types import Secret
from tiktok_oauth.vault.refresh import answers, ladder
from tiktok_oauth.vault.sealing.cipher import RESTORE, Binding
from tiktok_oauth.vault.stores.rows import Candidate, Event, Renewed, Tokens

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tiktok_oauth.types import TikTokTokens
    from tiktok_oauth.vault.refresh.answers import Answer
    from tiktok_oauth.vault.refresh.ports import Desk
    from tiktok_oauth.vault.sealing.cipher import Cipher
    from tiktok_oauth.vault.stores.rows import Grant, Ref, Settled

T = TypeVar("T")

_FIRST_WAIT = 0.05
_LONGEST_WAIT = 5.0
_RESTED: dict[str, Any] = {
    "status": "active",
    "reason": None,
    "not_before": 0.0,
    "attempt": None,
    "boot": None,
    "claimed_at": None,
    "probes": 0,
    "refusals": 0,
    "refused_at": None,
    "failures": 0,
    "trouble": None,
    "log_id": None,
}
"""What a row says beside its tokens when these are new."""


def seal_tokens(  # noqa: PLR0913 - a row's place and an answer's time
    cipher: Cipher, ref: Ref, tokens: TikTokTokens, *, gen: int, ver: int, at: float, roll: float
) -> Tokens:
    """An answer's tokens, sealed for one version of one row.

    Args:
        cipher: seals.
        ref: the account.
        tokens: the answer's.
        gen: the consent they belong to.
        ver: the version they will be.
        at: token time their lifetimes count from: when the request was sent.
        roll: a number in [0, 1), to spread refreshes.
    """
    times = Lifetimes(at, tokens.expires_in, at + tokens.expires_in, at + tokens.refresh_expires_in)
    refresh = Secret(tokens.refresh_token)
    return Tokens(
        cipher.seal_secret(Secret(tokens.access_token), Binding("access", *ref, gen, ver)),
        cipher.seal_secret(refresh, Binding("refresh", *ref, gen, ver)),
        cipher.fingerprint(refresh),
        cipher.ring.active_id,
        times.access_expires_at,
        times.refresh_expires_at,
        times.lifetime,
        tokens.scope,
        at,
        warm_at(times, roll),
        keep_at(times, roll),
    )


def standing_token(cipher: Cipher, row: Grant) -> Secret:
    """A row's refresh token, with the row's fingerprint: only by that new ones can be written.

    Raises:
        VaultKeyError: it does not open, or the fingerprint is another token's. Nothing has changed.
    """
    token = cipher.open_secret(row.refresh or b"", Binding("refresh", *row.ref, row.gen, row.ver))
    if not cipher.same_token(row.fingerprint or b"", token):
        raise vault_key_error("The account's fingerprint is not its refresh token's.", RESTORE)
    return token


async def place(desk: Desk, row: Grant, answer: Answer, tokens: TikTokTokens) -> Grant | None:
    """Write an answer's tokens; returns the row with the newest there are, None if it is gone.

    It does not give up while the store fails: the journal holds the answer, and so do we.

    Args:
        desk: the way to everything.
        row: the account as it was last seen.
        answer: what the tokens came in.
        tokens: what it says.
    """
    if not tokens.scope:  # RFC 6749, 5.1: what is not said has not changed.
        tokens = replace(tokens, scope=row.scope)
    current: Grant | None = row
    while current is not None:
        if not _is_next(desk.cipher, current, answer):
            break
        change = _renewed(desk, current, answer, tokens)
        if await insist(desk, partial(desk.hands.renew, change)):
            return _after(current, change)
        before, current = current, await insist(desk, lambda: desk.hands.get(answer.ref))
        if current is not None and _same_token_stands(current, before):
            break  # Disconnected meanwhile: nothing may be written.
    if current is not None and _is_lost(desk.cipher, current, answer, tokens):
        await keep(desk, answer, Secret(tokens.refresh_token), "sibling")
    return current


def _same_token_stands(one: Grant, other: Grant) -> bool:
    # Sealed anew under another key, the same token has another fingerprint.
    return (one.gen, one.ver, one.fingerprint) == (other.gen, other.ver, other.fingerprint)


def _is_next(cipher: Cipher, row: Grant, answer: Answer) -> bool:
    """Whether the row's token is the one the answer was bought with, or an ancestor of it."""
    if row.gen != answer.gen or row.fingerprint is None or row.ver > answer.ver:
        return False
    # A row behind the answer has lost writes in a failover or a restore.
    return row.ver < answer.ver or cipher.same_token(row.fingerprint, answer.stood)


def _is_lost(cipher: Cipher, row: Grant, answer: Answer, tokens: TikTokTokens) -> bool:
    """Whether nobody would know of these tokens: they are neither in the row nor outlived."""
    if row.gen != answer.gen or row.fingerprint is None or row.ver > answer.next_ver:
        return False
    return not cipher.same_token(row.fingerprint, Secret(tokens.refresh_token))


def _renewed(desk: Desk, row: Grant, answer: Answer, tokens: TikTokTokens) -> Renewed:
    return Renewed(
        row.ref,
        row.gen,
        row.ver,
        row.fingerprint or b"",
        answer.next_ver,
        answer.attempt,
        seal_tokens(
            desk.cipher,
            row.ref,
            tokens,
            gen=row.gen,
            ver=answer.next_ver,
            at=answer.asked_at,
            roll=desk.core.dice.roll(),
        ),
        Event(desk.now(), "refreshed", tokens.scope, answer.correlation_id),
        _sent(desk.cipher, answer),
    )


def _sent(cipher: Cipher, answer: Answer) -> bytes | None:
    """The candidate whose turn it was; None where that was the token that stood."""
    if answer.sent == answer.stood:
        return None
    binding = Binding("refresh", *answer.ref, answer.gen, answer.next_ver - 1)
    return cipher.seal_secret(answer.sent, binding)


def _after(row: Grant, change: Renewed) -> Grant:
    """The row with the tokens that were written, for those who wait for them: a read is saved.

    What only the next refresh needs (doubt and parent) may stand otherwise in the store.
    """
    tokens = msgspec.structs.asdict(change.tokens)
    return msgspec.structs.replace(row, ver=change.next_ver, **_RESTED, **tokens)


async def keep(desk: Desk, answer: Answer, refresh_token: Secret, source: str) -> None:
    """Keep a refresh token that cannot become the current one."""
    ver = answer.next_ver
    candidate = Candidate(
        answer.ref,
        answer.gen,
        ver,
        desk.cipher.fingerprint(refresh_token),
        desk.cipher.seal_secret(refresh_token, Binding("candidate", *answer.ref, answer.gen, ver)),
        source,
        answer.asked_at,  # The same at every replay, so that the newest stays the newest.
    )
    await insist(desk, lambda: desk.hands.keep_candidate(candidate))


async def settle(desk: Desk, change: Settled) -> bool:
    """Write how a claim ended; False when the claim is no longer ours."""
    return await insist(desk, lambda: desk.hands.settle(change))


async def insist(desk: Desk, write: Callable[[], Awaitable[T]]) -> T:
    """Repeat something that only the store can refuse, until it is done."""
    wait = _FIRST_WAIT
    while True:
        try:
            return await write()
        except StoreError as error:
            if not error.retryable:
                raise
        await desk.hands.pause(wait)
        wait = min(2 * wait, _LONGEST_WAIT)


def scrubbed(desk: Desk, answer: Answer, failure: TikTokAPIError) -> TikTokAPIError:
    """The same failure, without secrets of ours that TikTok has repeated in its words."""
    for secret in (answer.stood, answer.sent, desk.core.app.client_secret):
        failure.message = secret.cover(failure.message)
    failure.args = (failure.message,)
    return failure


async def replay(desk: Desk, answer: Answer) -> None:
    """Bring an answer from a journal into the store, whether or not it is there already."""
    row = await insist(desk, lambda: desk.hands.get(answer.ref))
    if row is None:
        return
    try:
        tokens = token.parse_refresh(answer.response, answer.sent)
    except TikTokAPIError as error:
        failure = scrubbed(desk, answer, error.with_traceback(None))
    else:
        if tokens.open_id == answer.ref.open_id:
            await place(desk, row, answer, tokens)
            return
        await keep(desk, answer, Secret(tokens.refresh_token), ladder.OTHER_ACCOUNT)
        failure = ladder.other_account()
    if row.gen != answer.gen or row.ver > answer.ver:
        return
    end = ladder.Ending(desk.now(), desk.core.dice.roll(), failure, answer.correlation_id)
    # A failover may have forgotten what was salvaged, though somebody else holds the claim now.
    change = await ladder_step(desk, row, answer, end)
    if row.attempt == answer.attempt:
        await settle(desk, change)


async def ladder_step(desk: Desk, row: Grant, answer: Answer, end: ladder.Ending) -> Settled:
    """What a row says after an answer without tokens, as far as the answer alone can tell."""
    kind = ladder.kind_of(end.error)
    if kind == "stranger":
        return ladder.after_other_account(row, end)
    if kind == "other":
        return ladder.after_other(row, end)
    if kind == "refused":
        return ladder.after_refusal(row, end, "silent", others=1)
    found = answers.salvage(answer.response)
    if found is not None:
        await keep(desk, answer, found, ladder.SALVAGED)
    return ladder.after_doubt(row, end)
