"""The laws of pacing: pure values, at any time and after any history."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiktok_oauth.vault.fleet.pacing import Alarm, Breaker, Outcome, Pace, Silence, Window, new_pace

NOW = 1_790_000_000.0
OUTCOMES: tuple[Outcome, ...] = (
    "good",
    "refused",
    "limited",
    "rejected",
    "failed",
    "unreachable",
    "definite",
    "nothing",
)
steps = st.lists(st.tuples(st.floats(0.0, 40.0), st.sampled_from(OUTCOMES)), max_size=60)
jumps = st.floats(-90_000.0, 90_000.0)


def after(history: list[tuple[float, Outcome]], start: float = 10.0) -> tuple[Pace, float]:
    """A pace after outcomes, each some seconds after the one before, and the time then."""
    pace, now = new_pace(start, NOW), NOW
    for seconds, outcome in history:
        now += seconds
        pace = pace.ended(now, outcome)
    return pace, now


def ended(pace: Pace, outcome: Outcome, times: int, now: float = NOW) -> Pace:
    """A pace after the same outcome some times over."""
    for _ in range(times):
        pace = pace.ended(now, outcome)
    return pace


@given(steps, st.lists(st.floats(0.0, 3.0), min_size=1, max_size=60))
def test_the_rate_is_never_exceeded(
    history: list[tuple[float, Outcome]], gaps: list[float]
) -> None:
    """Whoever begins all there is room for begins at most rate * time, and a burst more."""
    pace, now = after(history)
    pace = msgspec.structs.replace(pace, breaker=Breaker(10.0, 300.0))
    begun, began_at, speed = 0, now, pace.rate.per_second

    for gap in gaps:
        now += gap
        for _ in range(pace.room(now, in_flight=0)):
            pace = pace.begun(now, is_retry=False)
            begun += 1

    burst = max(1.0, speed / 4, pace.rate.saved)
    assert begun <= speed * (now - began_at) + max(burst, 10.0 / 4) + 1e-6


@given(steps)
def test_the_rate_halves_and_grows_slowly(history: list[tuple[float, Outcome]]) -> None:
    """One outcome halves the rate at most, or adds one a second for a second's worth of them."""
    pace, now = after(history)

    for outcome in OUTCOMES:
        before, then = pace.rate.per_second, pace.ended(now, outcome).rate.per_second
        if outcome == "limited":
            assert then in {before, max(0.1, before / 2), min(10.0, max(0.1, before / 2))}
        elif outcome == "good" and pace.breaker.silence is None:
            assert then == before + 1 / before
        else:
            assert then in {before, min(10.0, before)}


def test_several_429s_of_a_second_are_one() -> None:
    """Requests under way together are refused together: the rate is halved once for them."""
    pace = ended(new_pace(80.0, NOW), "limited", 20)

    assert pace.rate.per_second == 40.0
    assert pace.ended(NOW + 1.0, "limited").rate.per_second == 20.0


def test_a_second_of_good_answers_adds_one() -> None:
    """Ten good answers at ten a second make it eleven."""
    pace = ended(new_pace(10.0, NOW), "good", 10)

    assert pace.rate.per_second == pytest.approx(11.0, abs=0.1)


@pytest.mark.parametrize(
    ("outcomes", "state"),
    [
        ({"good": 10, "failed": 9}, "closed"),
        ({"good": 10, "failed": 10}, "open"),
        ({"good": 21, "failed": 20}, "closed"),
        ({"failed": 19}, "closed"),
        ({"failed": 20}, "open"),
        ({"unreachable": 4}, "closed"),
        ({"unreachable": 5}, "open"),
        ({"unreachable": 4, "definite": 1}, "closed"),
        ({"refused": 100}, "closed"),
        ({"definite": 100, "failed": 19}, "closed"),
        ({"limited": 100}, "closed"),
        ({"rejected": 1}, "open"),
    ],
    ids=str,
)
def test_when_the_breaker_opens(outcomes: dict[Outcome, int], state: str) -> None:
    """Half of twenty failed, five connections in a row, or a refused app; nothing definite."""
    pace = new_pace(10.0, NOW)

    for outcome, times in outcomes.items():
        pace = ended(pace, outcome, times)

    assert pace.breaker.state(NOW) == state


def test_what_is_long_ago_is_forgotten() -> None:
    """Failures half a minute ago do not open the breaker."""
    pace = ended(new_pace(10.0, NOW), "failed", 19)

    assert ended(pace, "failed", 10, NOW + 33.0).breaker.state(NOW + 33.0) == "closed"


def test_the_breaker_waits_longer_each_time() -> None:
    """Ten seconds, doubled with each probe that fails, five minutes at most."""
    pace, now, waits = ended(new_pace(10.0, NOW), "unreachable", 5), NOW, []

    for _ in range(8):
        waits.append(pace.wait(now))
        assert pace.room(now, in_flight=0) == 0
        now += pace.wait(now)
        assert pace.room(now, in_flight=0) == 1
        assert pace.room(now, in_flight=1) == 0
        pace = pace.ended(now, "failed")

    assert waits == pytest.approx([10, 20, 40, 80, 160, 300, 300, 300], abs=1e-5)


def test_the_breaker_closes_by_degrees() -> None:
    """One good probe, then a twentieth of the rate; after ten good answers it goes on slowly."""
    pace = ended(new_pace(10.0, NOW), "good", 5000)
    fast = pace.rate.per_second
    now = NOW + 10.0
    pace = ended(pace, "unreachable", 5).ended(now, "good")

    assert pace.breaker.state(now) == "trial"
    assert pace.rate.refilled(now + 100.0, pace.breaker.share(now)).saved < max(1.0, fast / 79)
    pace = ended(pace, "good", 9, now)
    assert pace.breaker == Breaker(10.0, 300.0)
    assert pace.rate.per_second == 10.0


def test_a_failure_on_trial_opens_it_again() -> None:
    """While TikTok is on trial, one failure is enough, and the wait is doubled."""
    pace = ended(new_pace(10.0, NOW), "unreachable", 5).ended(NOW + 10.0, "good")

    pace = pace.ended(NOW + 11.0, "failed")

    assert pace.breaker.silence == Silence(NOW + 11.0, 20.0)


@given(steps, st.floats(0.0, 100.0), jumps)
def test_no_door_stays_shut_for_a_jump_of_the_clock(
    history: list[tuple[float, Outcome]], seconds: float, jump: float
) -> None:
    """Wherever the clock jumps to, there is room again after an hour at the latest."""
    pace, now = after(history)
    pace = pace.told_to_wait(now, seconds)
    now += jump

    end = now + 3601.0

    assert pace.wait(now) <= 3600.0
    assert pace.room(end, in_flight=0) >= 1


@given(steps)
def test_waiting_makes_room(history: list[tuple[float, Outcome]]) -> None:
    """When the wait it names is over there is room, and before that there is none."""
    pace, now = after(history)
    wait = pace.wait(now)

    assert (pace.room(now, in_flight=0) == 0) == (wait > 0)
    assert pace.room(now + wait + 1e-3, in_flight=0) >= 1


def test_retry_after_is_shared() -> None:
    """TikTok's wish holds for the whole app, the longest of several, and an hour at most."""
    pace = new_pace(10.0, NOW).told_to_wait(NOW, 60.0).told_to_wait(NOW + 1.0, 5.0)

    assert pace.wait(NOW + 1.0) == 59.0
    assert pace.told_to_wait(NOW, 1e9).wait(NOW) == 3600.0


@given(st.lists(st.tuples(st.floats(0.0, 2.0), st.integers(0, 300), st.integers(0, 60))))
def test_retries_stay_within_the_budget(traffic: list[tuple[float, int, int]]) -> None:
    """Within ten seconds, retries are at most a tenth of the first attempts, or ten."""
    pace, now = new_pace(10.0, NOW), NOW

    for seconds, firsts, wishes in traffic:
        now += seconds
        tries = pace.tries.counted(now, bad=False, count=firsts)
        pace = msgspec.structs.replace(pace, tries=tries)
        for _ in range(min(wishes, pace.retries_left(now))):
            pace = pace.begun(now, is_retry=True)
            every, retries = pace.tries.totals(now)

            assert retries <= max(10.0, (every - retries) / 10)


def test_the_retry_budgets_floor() -> None:
    """Without any first attempt there may still be a retry a second."""
    pace = new_pace(10.0, NOW)
    for _ in range(10):
        pace = pace.begun(NOW, is_retry=True)

    assert pace.retries_left(NOW) == 0
    assert pace.retries_left(NOW + 11.0) == 10


@pytest.mark.parametrize(
    ("good", "refused", "alarmed"),
    [(0, 50, False), (0, 51, True), (494, 5, False), (494, 6, True), (2000, 20, False)],
)
def test_when_the_alarm_goes_off(good: int, refused: int, *, alarmed: bool) -> None:
    """More than fifty refusals, or more than a hundredth of five hundred answers."""
    alarm = Alarm()
    for outcome, times in (("good", good), ("refused", refused)):
        for _ in range(times):
            alarm = alarm.ended(NOW, "good" if outcome == "good" else "refused")

    assert (alarm.breaker.state(NOW) == "open") is alarmed


def test_the_alarm_ends_with_a_probe() -> None:
    """After a quarter of an hour one refresh finds out: refused, and it waits twice as long."""
    alarm = Alarm()
    for _ in range(51):
        alarm = alarm.ended(NOW, "refused")
    later = NOW + 900.0
    assert alarm.breaker.state(later) == "probing"

    assert alarm.ended(later, "refused").breaker.silence == Silence(later, 1800.0)
    for _ in range(10):
        alarm = alarm.ended(later, "good")
    assert alarm.breaker == Breaker(900.0, 3600.0)


@given(st.lists(st.tuples(st.floats(0.0, 100.0), st.booleans()), max_size=50))
def test_a_window_counts_what_is_recent(marks: list[tuple[float, bool]]) -> None:
    """A window knows all of its last nine tenths, and nothing older than itself."""
    window, now, told = Window(30.0), NOW, []
    for seconds, bad in marks:
        now += seconds
        window = window.counted(now, bad=bad)
        told.append((now, bad))

    every, bad_ones = window.totals(now)

    assert sum(at > now - 27.0 for at, _ in told) <= every <= sum(at > now - 30.0 for at, _ in told)
    assert bad_ones <= sum(bad for at, bad in told if at > now - 30.0)
