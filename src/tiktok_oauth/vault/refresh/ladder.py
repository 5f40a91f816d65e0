"""What a row says after a request that brought no tokens: pure decisions on evidence.

``invalid_grant`` is evidence, not a verdict: the answer that replaced the token may be on its way
in somebody else's hands, or the refusal a mistake. An account is given up only after three
refusals over an hour, when every token we hold was tried and the access token has ended, unless
TikTok says in another way that the person has gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from tiktok_oauth.errors import (
    InvalidCredentialsError,
    InvalidTokenError,
    RateLimitError,
    ServerError,
    TikTokAPIError,
    TikTokErrorCode,
    ValidationError,
    vault_key_error,
)
from tiktok_oauth.policy import Lifetimes, is_ahead, keep_at, warm_at
from tiktok_oauth.vault.sealing.cipher import RESTORE
from tiktok_oauth.vault.stores.bars import HOUR, MANY_FAILURES
from tiktok_oauth.vault.stores.rows import Event, Settled
from tiktok_oauth.vault.stores.soundness import is_altered

if TYPE_CHECKING:
    from tiktok_oauth.vault.stores.rows import Candidate, Grant, Reason, RowStatus

Kind = Literal["refused", "doubtful", "stranger", "other"]
Witness = Literal["alive", "dead", "silent"]
"""What TikTok says of the access token when it refuses the refresh token; ``silent`` when it was
not asked or gave no clear answer."""

_PROBES = (1.0, 5.0, 30.0, 300.0, *[450.0] * 12, *[900.0] * 24, 3600.0)
"""Twelve requests in the first hour, eight and then four in those after it, while outages last; one
an hour in the end, for an account that nothing mends."""
_REFUSALS = (60.0, 3600.0, 1800.0)
_FAILURES = (1.0, 5.0, 30.0, 60.0, 300.0, 1800.0, 7200.0, 21600.0, 86400.0)
_UNOPENED = (60.0, 300.0, 1800.0, HOUR)
_VERDICT = 3
_UNAVAILABLE = 503
TURN_OF_OTHERS = 2
"""Refusals after which other tokens of the account are tried."""
OTHER_ACCOUNT = "other_account"
"""The source of a candidate that came in an answer for another person: it is never sent."""
SALVAGED = "salvaged"
"""The source of a candidate that was found in an answer nothing else could be read from."""


class Ending(msgspec.Struct, frozen=True):
    """A request that brought no tokens, and when.

    Attributes:
        at: token time.
        roll: a number in [0, 1), for times that should not coincide.
        error: what it ended with.
        correlation_id: of the call.
    """

    at: float
    roll: float
    error: TikTokAPIError
    correlation_id: str


def lifetimes(grant: Grant) -> Lifetimes:
    """A row's times, as the refresh decision wants them."""
    return Lifetimes(
        grant.issued_at, grant.lifetime, grant.access_expires_at, grant.refresh_expires_at
    )


def kind_of(error: TikTokAPIError) -> Kind:
    """What an answer without tokens says about the refresh token.

    429 and 503 are taken as "not handled", as their meaning is; any other server error and any
    success in no known shape may have replaced the token.
    """
    if isinstance(error, _OtherAccountError):
        return "stranger"
    if isinstance(error, InvalidTokenError):
        return "refused"
    if isinstance(error, RateLimitError | InvalidCredentialsError | ValidationError):
        return "other"
    return "other" if error.http_status == _UNAVAILABLE else "doubtful"


def turns(grant: Grant, candidates: list[Candidate]) -> list[Candidate | None]:
    """Whose turn it is instead of the standing token, in order; None stands for its parent.

    What was salvaged from an answer to this very token is newer than it for certain, and comes
    at once; the others have their turn after two refusals, the parent once, and last. What is
    older than the standing token has none: it was used, or another one in its place.
    """
    eligible = [c for c in candidates if c.source != OTHER_ACCOUNT and c.ver >= grant.ver]
    untried = sorted((c for c in eligible if not c.tried), key=lambda c: -c.ver)
    first = [c for c in untried if c.source == SALVAGED and c.ver > grant.ver]
    if grant.refusals < TURN_OF_OTHERS:
        return [*first]
    spent = grant.refusals - TURN_OF_OTHERS - (len(eligible) - len(untried))
    parents = [None] if grant.parent is not None and spent <= 0 else []
    return [*first, *(c for c in untried if c not in first), *parents]


def after_unsent(grant: Grant, end: Ending) -> Settled:
    """TikTok certainly did not see the request: nothing has changed but our patience."""
    return _not_sent(grant, end, _FAILURES[:4])


def after_unopened(grant: Grant, end: Ending) -> Settled:
    """A token does not open, so none was sent: only an operator can mend that. It is told once."""
    change = _not_sent(grant, end, _UNOPENED)
    is_known = grant.trouble == change.trouble
    return msgspec.structs.replace(change, event=None) if is_known else change


def _not_sent(grant: Grant, end: Ending, waits: tuple[float, ...]) -> Settled:
    failures = grant.failures + 1
    wait = _step(waits, failures)
    # So short a wait is none of many failures, for which a day's would be believed.
    failures = min(failures, max(grant.failures, MANY_FAILURES - 1))
    return _settled(grant, end, "refresh_not_sent", wait=wait, failures=failures)


def after_other(grant: Grant, end: Ending) -> Settled:
    """TikTok's answer says nothing about the refresh token (429, a wrong secret): wait longer."""
    failures = grant.failures + 1
    asked = end.error.retry_after or 0.0
    if asked > HOUR:  # Of fewer failures so long a wait is not believed.
        failures = max(failures, MANY_FAILURES)
    # A wrong secret is the app's trouble and soon mended: nobody knows when but by asking.
    waits = _PROBES[:5] if isinstance(end.error, InvalidCredentialsError) else _FAILURES
    wait = max(_step(waits, grant.failures + 1), asked)
    return _settled(grant, end, "refresh_failed", wait=wait, failures=failures)


def after_doubt(grant: Grant, end: Ending) -> Settled:
    """TikTok may have handled the request, and nobody has its answer.

    The same token is sent again, soon at first: some providers forgive for a moment. It is sent
    more seldom when an access token's life is over, and as long as nothing answers.
    """
    probes = grant.probes + 1
    return _settled(
        grant,
        end,
        "refresh_unanswered",
        wait=_step(_PROBES, probes),
        probes=probes,
        doubt_at=end.at if grant.doubt_at is None else grant.doubt_at,
    )


def after_refusal(grant: Grant, end: Ending, witness: Witness, *, others: int) -> Settled:
    """TikTok refused the refresh token.

    Args:
        grant: the row, whose token still stands.
        end: the refusal.
        witness: what TikTok says of the access token.
        others: how many other tokens of the account are still to be tried; the standing one
            is, after another's turn: its verdict needs refusals of its own.
    """
    refusals = grant.refusals + 1
    first = end.at if grant.refused_at is None else grant.refused_at
    reason = _reason(grant, end, witness)
    if _is_final(grant, end, witness, refusals=refusals, first=first, others=others):
        return _settled(
            grant,
            end,
            "needs_login",
            refusals=refusals,
            status="needs_login",
            reason=reason,
            refused_at=first,
        )
    return _settled(
        grant,
        end,
        "refresh_refused",
        wait=_step(_REFUSALS, refusals) if others == 0 or refusals <= TURN_OF_OTHERS else 1.0,
        refusals=refusals,
        refused_at=first,
        reason="rotated_elsewhere" if witness == "alive" else grant.reason,
    )


def after_other_account(grant: Grant, end: Ending) -> Settled:
    """The answer was for another person: nothing of it is used, and somebody has to look."""
    return _settled(grant, end, "other_account", status="blocked", reason="other_account")


class _OtherAccountError(ServerError):
    """A refresh was answered with another person's tokens."""


def other_account() -> TikTokAPIError:
    """The error for a refresh that was answered with another person's tokens."""
    return _OtherAccountError(
        TikTokErrorCode.API_ERROR,
        "TikTok answered a refresh with the tokens of another account.",
        "",
        retryable=False,
        hint="Nothing of the answer is used. Ask TikTok, or let the person log in again.",
    )


def to_caller(change: Settled, failure: TikTokAPIError, now: float) -> TikTokAPIError:
    """The error for whoever waits: what the row says, rather than what TikTok said.

    Args:
        change: what the row says now.
        failure: how the request ended.
        now: token time.
    """
    if change.status == "needs_login":
        return needs_login(change.reason, failure)
    if not isinstance(failure, InvalidTokenError):
        # The vault knows how to go on after an answer nobody can read; the bare client does not.
        failure.retryable |= change.status == "active" and kind_of(failure) == "doubtful"
        if failure.retryable:
            failure.retry_after = max(failure.retry_after or 0.0, change.not_before - now)
        return failure
    waiting = ServerError(
        TikTokErrorCode.API_ERROR,
        "TikTok refused the account's refresh token. It is asked again before the account is "
        "given up.",
        failure.correlation_id,
        retryable=True,
        log_id=failure.log_id,
        hint="Try again after retry_after seconds; the person need not do anything yet.",
        tiktok_code=failure.tiktok_code,
        http_status=failure.http_status,
    )
    waiting.retry_after = max(0.0, change.not_before - now)
    return waiting


_STORIES: dict[Reason, str] = {
    "revoked": "The person, or TikTok, has ended the connection.",
    "expired": "The refresh token's time was up.",
    "lost_in_flight": "TikTok's answer to a refresh was lost on the way, with the new tokens.",
    "rotated_elsewhere": "The refresh token was used by something else than this vault.",
    "other_account": "TikTok answered with another account's tokens.",
    "erased": "The account was erased.",
}


def needs_login(reason: Reason | None, failure: TikTokAPIError | None = None) -> InvalidTokenError:
    """The error for an account that only its person can bring back."""
    error = InvalidTokenError(
        TikTokErrorCode.INVALID_TOKEN,
        f"The account needs a new login. {_STORIES[reason or 'revoked']}",
        "" if failure is None else failure.correlation_id,
        retryable=False,
        log_id=None if failure is None else failure.log_id,
        hint="Send the person through begin_login() again.",
        tiktok_code=None if failure is None else failure.tiktok_code,
        http_status=None if failure is None else failure.http_status,
    )
    error.lost_in_flight = reason == "lost_in_flight"
    return error


def disconnected() -> InvalidTokenError:
    """The error for an account that was disconnected."""
    return InvalidTokenError(
        TikTokErrorCode.INVALID_TOKEN,
        "The account is not connected.",
        "",
        retryable=False,
        hint="Send the person through begin_login().",
    )


def usable(grant: Grant) -> Grant:
    """A row that has a refresh token to use.

    Raises:
        InvalidTokenError: it has none, or the account needs a new login.
        VaultKeyError: somebody has altered it.
    """
    if is_altered(grant):
        raise vault_key_error("The account's row in the store was altered.", RESTORE)
    # In this order: long after an account was given up its tokens are dropped, and not the reason.
    if grant.status in {"needs_login", "blocked"}:
        raise needs_login(grant.reason)
    if grant.status == "disconnected" or grant.refresh is None:
        raise disconnected()
    return grant


def _is_final(
    grant: Grant, end: Ending, witness: Witness, *, refusals: int, first: float, others: int
) -> bool:
    if grant.doubt_at is None and (witness == "dead" or end.at >= grant.refresh_expires_at):
        return True
    return (
        refusals >= _VERDICT
        and end.at - first >= HOUR
        and end.at >= grant.access_expires_at
        and others == 0
    )


def _reason(grant: Grant, end: Ending, witness: Witness) -> Reason:
    if end.at >= grant.refresh_expires_at:
        return "expired"
    if grant.doubt_at is not None:
        return "lost_in_flight"
    if witness != "dead" and grant.reason == "rotated_elsewhere":
        return "rotated_elsewhere"
    return "revoked"


def _settled(  # noqa: PLR0913 - one keyword a column
    grant: Grant,
    end: Ending,
    kind: str,
    *,
    wait: float = 0.0,
    status: RowStatus | None = None,
    reason: Reason | None = None,
    doubt_at: float | None = None,
    probes: int | None = None,
    refusals: int | None = None,
    refused_at: float | None = None,
    failures: int | None = None,
) -> Settled:
    times = lifetimes(grant)
    not_before = end.at + wait
    # What a clock that was ahead has dated is tried again as soon as may be.
    dated = not is_ahead(times, end.at)
    return Settled(
        grant.ref,
        grant.gen,
        grant.ver,
        grant.attempt or "",
        grant.boot or "",
        status or grant.status,
        reason or grant.reason,
        max(warm_at(times, end.roll) if dated else 0.0, not_before),
        max(keep_at(times, end.roll) if dated else 0.0, not_before),
        not_before,
        grant.doubt_at if doubt_at is None else doubt_at,
        grant.probes if probes is None else probes,
        grant.refusals if refusals is None else refusals,
        grant.refused_at if refused_at is None else refused_at,
        grant.failures if failures is None else failures,
        end.error.message,
        end.error.log_id,
        Event(end.at, kind, end.error.message, end.correlation_id),
    )


def _step(waits: tuple[float, ...], number: int) -> float:
    return waits[min(number, len(waits)) - 1]
