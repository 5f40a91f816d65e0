"""The ladder: evidence is weighed, and an account is given up by rule, never by a mood."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiktok_oauth import (
    InvalidCredentialsError,
    InvalidTokenError,
    NetworkError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
    TikTokAPIError,
    TikTokErrorCode,
    ValidationError,
    VaultKeyError,
)
from tiktok_oauth.vault.refresh import ladder
from tiktok_oauth.vault.refresh.ladder import Ending
from tiktok_oauth.vault.stores.bars import barred_for
from tiktok_oauth.vault.stores.rows import Candidate, Grant, Ref

if TYPE_CHECKING:
    from collections.abc import Callable

    from tiktok_oauth.vault.stores.rows import Settled

NOW = 1_800_000_000.0
HOUR = 3600.0
DAY = 24 * HOUR
MINA = Ref("awapp", "mina")

Witness = Literal["alive", "dead", "silent"]


def grant(**changes: Any) -> Grant:  # noqa: ANN401 - any column
    """An account whose access token ended now, refreshed two hours ago, and claimed."""
    columns: dict[str, Any] = dict.fromkeys(Grant.__struct_fields__) | {
        "client_key": MINA.client_key,
        "open_id": MINA.open_id,
        "gen": 1,
        "ver": 4,
        "status": "active",
        "scope": "user.info.basic",
        "granted_at": NOW - DAY,
        "issued_at": NOW - 2 * HOUR,
        "access": b"a",
        "refresh": b"r",
        "fingerprint": b"f",
        "key_id": "k",
        "access_expires_at": NOW,
        "refresh_expires_at": NOW + 179 * DAY,
        "lifetime": 7200.0,
        "warm_at": 0.0,
        "keep_at": 0.0,
        "not_before": 0.0,
        "attempt": "a1",
        "boot": "b1",
        "claimed_at": 5.0,
        "probes": 0,
        "refusals": 0,
        "failures": 0,
    }
    return Grant(**(columns | changes))


def error(kind: type[TikTokAPIError] = InvalidTokenError, **settings: Any) -> TikTokAPIError:  # noqa: ANN401 - any setting
    """How a request ended."""
    given = {"retryable": True, **settings}
    return kind(TikTokErrorCode.API_ERROR, "What went wrong.", "tiktok-1-a", **given)


def end(at: float = NOW, failure: TikTokAPIError | None = None) -> Ending:
    """An ending at a time."""
    return Ending(at, 0.5, failure or error(), "tiktok-1-a")


def candidate(number: int, source: str = "sibling", *, ver: int = 5, tried: bool = False) -> Any:  # noqa: ANN401 - a Candidate
    """A token that is not current."""
    return Candidate(MINA, 1, ver, bytes([number]), b"sealed", source, NOW, tried)


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (error(InvalidTokenError, http_status=400), "refused"),
        (error(RateLimitError, http_status=429), "other"),
        (error(InvalidCredentialsError, http_status=401), "other"),
        (error(ValidationError, http_status=400), "other"),
        (error(ServerError, http_status=503), "other"),
        (error(ServerError, http_status=500), "doubtful"),
        (error(ServerError, http_status=502), "doubtful"),
        (error(ServerError, http_status=200), "doubtful"),
        (error(ServerError), "doubtful"),
        (error(NetworkError), "doubtful"),
        (error(RequestTimeoutError), "doubtful"),
        (ladder.other_account(), "stranger"),
    ],
)
def test_only_a_definite_answer_says_something_of_the_token(
    failure: TikTokAPIError, kind: str
) -> None:
    """429 and 503 mean "not handled"; what may have been handled leaves a doubt."""
    assert ladder.kind_of(failure) == kind


def test_failures_that_say_nothing_are_waited_out_longer_and_longer() -> None:
    """A second at first, a day in the end; the account stays as it is."""
    waits = []
    for failures in range(12):
        change = ladder.after_other(grant(failures=failures), end(failure=error(RateLimitError)))
        assert (change.status, change.refusals, change.doubt_at) == ("active", 0, None)
        assert change.failures == failures + 1
        waits.append(change.not_before - NOW)

    assert waits[:3] == [1, 5, 30]
    assert waits == sorted(waits)
    assert waits[-1] == DAY


def test_what_was_not_sent_is_tried_within_a_minute() -> None:
    """However long the network is gone: it costs nothing to try."""
    waits = [
        ladder.after_unsent(grant(failures=failures), end()).not_before - NOW
        for failures in range(9)
    ]

    assert waits == [1, 5, 30, *[60] * 6]


def test_what_does_not_open_is_told_once_and_tried_now_and_then() -> None:
    """Only an operator can mend it: the account stays as it is, and so does its timeline."""
    row, at, events = grant(), NOW, []
    waits = []
    for _ in range(6):
        change = ladder.after_unopened(row, end(at, error(VaultKeyError)))
        assert (change.status, change.refusals, change.doubt_at) == ("active", 0, None)
        waits.append(change.not_before - at)
        events.append(change.event)
        at, row = change.not_before, grant(failures=change.failures, trouble=change.trouble)

    assert waits == [60, 300, 1800, 3600, 3600, 3600]
    assert [event is not None for event in events] == [True, *[False] * 5]


def test_a_wrong_secret_is_tried_twelve_times_in_the_first_hour_and_eight_in_those_after() -> None:
    """It may be mended at any moment, and TikTok is not stormed meanwhile."""
    at, row, asked = NOW, grant(), []
    while at < NOW + 3 * HOUR:
        asked.append(at - NOW)
        change = ladder.after_other(row, end(at, error(InvalidCredentialsError)))
        at, row = change.not_before, grant(failures=change.failures)

    assert sum(time <= HOUR for time in asked) == 12
    assert sum(HOUR < time <= 2 * HOUR for time in asked) == 8


def test_tiktoks_wait_is_the_least() -> None:
    """``Retry-After`` counts when it is longer than ours."""
    failure = error(RateLimitError)
    failure.retry_after = 120

    assert ladder.after_other(grant(), end(failure=failure)).not_before == NOW + 120
    failure.retry_after = 0.1
    assert ladder.after_other(grant(), end(failure=failure)).not_before == NOW + 1


@given(
    st.integers(0, 40),
    st.integers(0, 60),
    st.integers(0, 10),
    st.floats(0, DAY),
    st.sampled_from(
        [ladder.after_unsent, ladder.after_unopened, ladder.after_other, ladder.after_doubt]
    ),
)
def test_no_wait_is_taken_for_a_clocks_mistake(
    failures: int,
    probes: int,
    refusals: int,
    asked: float,
    after: Callable[[Grant, Ending], Settled],
) -> None:
    """Whatever comes together: an account is barred for just as long as its failure says."""
    failure = error(RateLimitError)
    failure.retry_after = asked
    row = grant(failures=failures, probes=probes, refusals=refusals)
    told = end(failure=failure)
    refused = ladder.after_refusal(row, told, "silent", others=0)

    for change in (after(row, told), refused):
        wait = change.not_before - NOW
        assert barred_for(change.not_before, change.failures, NOW) == wait


def test_a_doubt_is_probed_soon_and_remembered_from_its_beginning() -> None:
    """After 1, 5, 30, 300 and then every 450 seconds, with the same token."""
    waits, doubts = [], set()
    row = grant()
    for step in range(6):
        change = ladder.after_doubt(row, end(NOW + step, error(NetworkError)))
        waits.append(change.not_before - NOW - step)
        doubts.add(change.doubt_at)
        row = grant(probes=change.probes, doubt_at=change.doubt_at)
        assert change.status == "active"

    assert waits == [1, 5, 30, 300, 450, 450]
    assert doubts == {NOW}


def test_an_account_that_never_gets_an_answer_is_asked_for_ever_more_seldom() -> None:
    """Twelve requests in the first hour, some sixty in a day, and one an hour after that."""
    at, row, asked = NOW, grant(), []
    while at < NOW + 48 * HOUR:
        asked.append(at - NOW)
        change = ladder.after_doubt(row, end(at, error(NetworkError)))
        at, row = change.not_before, grant(probes=change.probes, doubt_at=change.doubt_at)

    assert sum(time <= HOUR for time in asked) == 12
    assert sum(time <= 24 * HOUR for time in asked) < 60
    assert sum(time > 24 * HOUR for time in asked) == 24


@pytest.mark.parametrize(
    ("row", "at", "witness", "others", "verdict"),
    [
        # Three refusals over an hour, the access token gone, nothing left to try.
        (grant(refusals=2, refused_at=NOW - HOUR), NOW, "silent", 0, "revoked"),
        (grant(refusals=1, refused_at=NOW - HOUR), NOW, "silent", 0, None),
        (grant(refusals=2, refused_at=NOW - HOUR + 1), NOW, "silent", 0, None),
        (grant(refusals=2, refused_at=NOW - HOUR), NOW, "silent", 1, None),
        (
            grant(refusals=2, refused_at=NOW - HOUR, access_expires_at=NOW + 1),
            NOW,
            "silent",
            0,
            None,
        ),
        (
            grant(refusals=9, refused_at=NOW - DAY, doubt_at=NOW - DAY),
            NOW,
            "silent",
            0,
            "lost_in_flight",
        ),
        (
            grant(refusals=2, refused_at=NOW - HOUR, reason="rotated_elsewhere"),
            NOW,
            "silent",
            0,
            "rotated_elsewhere",
        ),
        # The witness decides at once, unless an answer may be on its way.
        (grant(), NOW, "dead", 0, "revoked"),
        (grant(), NOW, "dead", 3, "revoked"),
        (grant(reason="rotated_elsewhere"), NOW, "dead", 0, "revoked"),
        (grant(doubt_at=NOW - 5), NOW, "dead", 0, None),
        (grant(), NOW, "alive", 0, None),
        # The grant's own time is up.
        (grant(refresh_expires_at=NOW), NOW, "silent", 0, "expired"),
        (grant(refresh_expires_at=NOW + 1), NOW, "silent", 0, None),
        (grant(refresh_expires_at=NOW, doubt_at=NOW - 5), NOW, "silent", 0, None),
        (
            grant(refresh_expires_at=NOW, doubt_at=NOW - DAY, refusals=2, refused_at=NOW - HOUR),
            NOW,
            "silent",
            0,
            "expired",
        ),
    ],
)
def test_when_an_account_is_given_up_and_why(
    row: Grant, at: float, witness: Witness, others: int, verdict: str | None
) -> None:
    """Each condition alone is not enough."""
    change = ladder.after_refusal(row, end(at), witness, others=others)

    if verdict is None:
        assert change.status == "active"
        assert change.not_before > at
    else:
        assert (change.status, change.reason) == ("needs_login", verdict)
        assert change.event is not None
        assert change.event.kind == "needs_login"
    assert change.refusals == row.refusals + 1


def test_a_living_access_token_is_remembered_as_evidence() -> None:
    """TikTok refuses one token and takes the other: something else has rotated them."""
    change = ladder.after_refusal(grant(), end(), "alive", others=0)

    assert (change.status, change.reason) == ("active", "rotated_elsewhere")
    assert change.refused_at == NOW


@given(
    st.integers(0, 5),
    st.floats(0, 2 * DAY),
    st.booleans(),
    st.sampled_from(["alive", "silent"]),
    st.integers(0, 3),
    st.floats(0, 200 * DAY),
)
def test_no_verdict_without_its_conditions(
    refusals: int, since: float, doubted: bool, witness: Witness, others: int, later: float
) -> None:
    """Whatever comes together: fewer than three refusals, or less than an hour, end nothing."""
    at = NOW + later
    row = grant(
        refusals=refusals,
        refused_at=at - since if refusals else None,
        doubt_at=at - since if doubted else None,
    )
    change = ladder.after_refusal(row, end(at), witness, others=others)

    outlived = not doubted and at >= row.refresh_expires_at
    proven = refusals >= 2 and since >= HOUR and others == 0
    assert (change.status == "needs_login") == (outlived or proven)
    assert change.warm_at >= change.not_before or change.status == "needs_login"


def test_what_a_clock_that_was_ahead_has_dated_is_tried_as_soon_as_may_be() -> None:
    """Its own times would put it off for as long as the clock was ahead."""
    change = ladder.after_unsent(grant(), end(NOW - DAY))

    assert change.warm_at == change.keep_at == change.not_before == NOW - DAY + 1


def test_whose_turn_it_is() -> None:
    """Salvaged first, siblings after two refusals, the parent once and last."""
    salvaged, older = candidate(1, ladder.SALVAGED), candidate(2, ladder.SALVAGED, ver=4)
    sibling, tried = candidate(3), candidate(4, tried=True)
    newest = candidate(5, ladder.SALVAGED, ver=6)
    everything = [tried, sibling, older, salvaged, newest]

    assert ladder.turns(grant(), everything) == [newest, salvaged]
    assert ladder.turns(grant(), [sibling]) == []
    assert ladder.turns(grant(refusals=2), everything) == [newest, salvaged, sibling, older]
    assert ladder.turns(grant(refusals=2, parent=b"p"), []) == [None]
    assert ladder.turns(grant(refusals=2, parent=b"p"), [sibling]) == [sibling, None]
    assert ladder.turns(grant(refusals=3, parent=b"p"), []) == []


@pytest.mark.parametrize("source", [ladder.OTHER_ACCOUNT, ladder.SALVAGED])
def test_strangers_and_the_outlived_have_no_turn(source: str) -> None:
    """Another person's token, or one older than the standing token: nor does it count as tried."""
    ver = 5 if source == ladder.OTHER_ACCOUNT else 3
    one, two = candidate(1, source, ver=ver), candidate(2, source, ver=ver, tried=True)

    assert ladder.turns(grant(), [one]) == []
    assert ladder.turns(grant(refusals=3), [one]) == []
    assert ladder.turns(grant(refusals=2, parent=b"p"), [one, two]) == [None]
    assert ladder.turns(grant(refusals=3, parent=b"p"), [one, two]) == []


def test_what_a_caller_is_told() -> None:
    """What the row says now, rather than what TikTok said: wait, or send the person."""
    refused = error(InvalidTokenError, retryable=False, tiktok_code="invalid_grant")
    waiting = ladder.after_refusal(grant(), end(), "silent", others=0)
    given_up = ladder.after_refusal(grant(), end(), "dead", others=0)

    wait = ladder.to_caller(waiting, refused, NOW)
    gone = ladder.to_caller(given_up, refused, NOW)

    assert isinstance(wait, ServerError)
    assert (wait.retryable, wait.retry_after, wait.tiktok_code) == (True, 60, "invalid_grant")
    assert isinstance(gone, InvalidTokenError)
    assert (gone.retryable, gone.lost_in_flight) == (False, False)


@pytest.mark.parametrize("at_once", [True, False])
def test_a_failure_that_can_be_retried_says_when(at_once: bool) -> None:
    """Not before the row allows it, nor before TikTok does."""
    failure = error(ServerError, http_status=503)
    failure.retry_after = None if at_once else 900.0
    change = ladder.after_other(grant(), end(failure=failure))

    told = ladder.to_caller(change, failure, NOW)

    assert told is failure
    assert told.retry_after == (1 if at_once else 900)


def test_an_unreadable_answer_may_be_retried_by_the_vaults_caller() -> None:
    """The bare client must not repeat it; the vault has a probe, or a salvaged token."""
    failure = error(ServerError, http_status=200, retryable=False)
    change = ladder.after_doubt(grant(), end(failure=failure))

    told = ladder.to_caller(change, failure, NOW)

    assert told.retryable
    assert told.retry_after == 1


def test_a_wrong_secret_stays_what_it_is() -> None:
    """Nobody can retry it away, and no account is to blame."""
    failure = error(InvalidCredentialsError, retryable=False)
    change = ladder.after_other(grant(), end(failure=failure))

    told = ladder.to_caller(change, failure, NOW)

    assert told is failure
    assert not told.retryable
    assert change.status == "active"


@pytest.mark.parametrize(
    "reason", ["revoked", "expired", "lost_in_flight", "rotated_elsewhere", "other_account", None]
)
def test_every_reason_is_told_in_a_sentence(reason: Any) -> None:  # noqa: ANN401 - a Reason
    """Whoever reads the error knows what happened, and what to do."""
    told = ladder.needs_login(reason)

    assert told.message.startswith("The account needs a new login. ")
    assert told.lost_in_flight == (reason == "lost_in_flight")
    assert "begin_login" in told.hint


def test_an_answer_for_somebody_else_blocks() -> None:
    """Nothing of it is used, and nobody but an operator decides."""
    change = ladder.after_other_account(grant(), end(failure=ladder.other_account()))

    assert (change.status, change.reason) == ("blocked", "other_account")
    assert not ladder.other_account().retryable


def test_settling_keeps_what_it_is_not_about() -> None:
    """Evidence of one kind does not wipe out evidence of another."""
    row = grant(refusals=1, refused_at=NOW - 60, doubt_at=NOW - 90, probes=2, failures=3)

    unsent = ladder.after_unsent(row, end())
    doubt = ladder.after_doubt(row, end())
    refused = ladder.after_refusal(row, end(), "silent", others=1)

    kept = ("refusals", "refused_at", "doubt_at", "probes", "failures")
    assert _values(unsent, kept) == [1, NOW - 60, NOW - 90, 2, 4]
    assert _values(doubt, kept) == [1, NOW - 60, NOW - 90, 3, 3]
    assert _values(refused, kept) == [2, NOW - 60, NOW - 90, 2, 3]
    for change in (unsent, doubt, refused):
        assert (change.attempt, change.boot, change.gen, change.ver) == ("a1", "b1", 1, 4)


def _values(change: Settled, names: tuple[str, ...]) -> list[object]:
    return [getattr(change, name) for name in names]
