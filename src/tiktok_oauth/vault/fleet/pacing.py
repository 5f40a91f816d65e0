"""How fast TikTok may be asked, and when not at all: pure values, with the time passed in.

Each change makes a new value. Times are token time: against a sandbox whose clock runs fast,
everything here runs as fast. A clock that jumps back keeps no door closed for longer than it was
closed for.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Outcome = Literal[
    "good", "refused", "limited", "rejected", "failed", "unreachable", "definite", "nothing"
]
"""What one refresh says about TikTok, rather than about its account.

- ``good``: it brought tokens;
- ``refused``: the refresh token of an account that gave no reason to expect it;
- ``limited``: too many requests;
- ``rejected``: the app's credentials;
- ``failed``: TikTok failed, or there was no whole answer;
- ``unreachable``: no connection;
- ``definite``: any other answer;
- ``nothing``: TikTok was not asked.
"""
BreakerState = Literal["closed", "open", "probing", "trial"]
"""- ``probing``: one request may find out whether it is over;
- ``trial``: it seems so, and a twentieth of the rate is allowed."""

_SLICES = 10
_BURST = 0.25
"""Seconds' worth of requests that may be made at once after a quiet moment."""
_SLOWEST = 0.1
_STEP = 1.0
_TRIAL_SHARE = 0.05
_TRIAL_LENGTH = 10
_LONGEST_SILENCE = 3600.0
_ANSWERED = frozenset({"good", "refused", "limited", "definite"})


class Window(msgspec.Struct, frozen=True, gc=False):
    """Counts of the last ``span`` seconds, in ten slices; the eldest is forgotten as a whole.

    Attributes:
        slices: number of the slice, how many, how many of them bad.
    """

    span: float
    slices: tuple[tuple[int, int, int], ...] = ()

    def counted(self, now: float, *, bad: bool, count: int = 1) -> Window:
        """With some more."""
        number, kept = self._kept(now)
        every = wrong = 0
        if kept and kept[-1][0] == number:
            _, every, wrong = kept[-1]
            kept = kept[:-1]
        last = (number, every + count, wrong + count * bad)
        return Window(self.span, (*kept, last))

    def totals(self, now: float) -> tuple[int, int]:
        """How many there were, and how many of them bad."""
        _, kept = self._kept(now)
        return sum(every for _, every, _ in kept), sum(wrong for _, _, wrong in kept)

    def _kept(self, now: float) -> tuple[int, tuple[tuple[int, int, int], ...]]:
        number = int(now * _SLICES // self.span)
        return number, tuple(s for s in self.slices if number - _SLICES < s[0] <= number)


class Silence(msgspec.Struct, frozen=True, gc=False):
    """Nothing is asked for some seconds."""

    since: float
    seconds: float

    def left(self, now: float) -> float:
        """Seconds until it is over."""
        passed = now - self.since
        return self.seconds - passed if 0 <= passed < self.seconds else 0.0


class Rate(msgspec.Struct, frozen=True, gc=False):
    """Requests a second: one more for each second that goes well, half of it after a 429.

    Attributes:
        start: where it starts, and starts again after an outage.
        per_second: what it is now.
        saved: how many may be made at once.
        at: when ``saved`` was counted.
        halved_at: when it was halved last.
    """

    start: float
    per_second: float
    saved: float
    at: float
    halved_at: float | None = None

    def refilled(self, now: float, share: float) -> Rate:
        """As it is now, where ``share`` of the rate is allowed."""
        speed = self.per_second * share
        passed = max(0.0, now - self.at)
        saved = min(max(1.0, speed * _BURST), self.saved + passed * speed)
        return msgspec.structs.replace(self, saved=saved, at=now)

    def taken(self, count: int) -> Rate:
        """After some requests."""
        return msgspec.structs.replace(self, saved=self.saved - count)

    def raised(self) -> Rate:
        """After one that went well."""
        return msgspec.structs.replace(self, per_second=self.per_second + _STEP / self.per_second)

    def halved(self, now: float) -> Rate:
        """After a 429; those of the same second are one."""
        if self.halved_at is not None and 0 <= now - self.halved_at < 1.0:
            return self
        per_second = max(_SLOWEST, self.per_second / 2)
        return msgspec.structs.replace(
            self, per_second=per_second, saved=min(self.saved, 1.0), halved_at=now
        )

    def afresh(self) -> Rate:
        """After an outage: slowly, as at the start."""
        per_second = min(self.start, self.per_second)
        return msgspec.structs.replace(self, per_second=per_second, saved=min(self.saved, 1.0))


class Breaker(msgspec.Struct, frozen=True, gc=False):
    """Closed while all is well. It opens for a while, longer each time, and closes by degrees.

    Attributes:
        first: seconds it is open the first time.
        longest: seconds it is open at most.
        silence: the last time it opened, unless it closed since.
        passed: what went well since then.
    """

    first: float
    longest: float
    silence: Silence | None = None
    passed: int = 0

    def state(self, now: float) -> BreakerState:
        """What it is now."""
        if self.silence is None:
            return "closed"
        if self.silence.left(now) > 0:
            return "open"
        return "trial" if self.passed else "probing"

    def share(self, now: float) -> float:
        """Which share of the rate is allowed."""
        return {"closed": 1.0, "open": 0.0, "probing": 1.0, "trial": _TRIAL_SHARE}[self.state(now)]

    def tripped(self, now: float) -> Breaker:
        """Opened. While it is open already, nothing new is said."""
        if self.state(now) == "open":
            return self
        before = 0.0 if self.silence is None else self.silence.seconds
        wait = min(self.longest, 2 * before) if before else self.first
        return Breaker(self.first, self.longest, Silence(now, wait))

    def eased(self, now: float) -> Breaker:
        """After something that went well: on trial, and closed after ten of them."""
        if self.state(now) in {"closed", "open"}:
            return self
        if self.passed + 1 >= _TRIAL_LENGTH:
            return Breaker(self.first, self.longest)
        return msgspec.structs.replace(self, passed=self.passed + 1)


class Pace(msgspec.Struct, frozen=True, gc=False):
    """What one app may ask for, and when.

    Attributes:
        health: requests that had a chance, and those that TikTok failed.
        tries: first attempts and retries.
        unreachable: connections that failed in a row.
        told: the silence TikTok asked for, for the whole app.
    """

    rate: Rate
    breaker: Breaker = Breaker(10.0, 300.0)
    health: Window = Window(30.0)
    tries: Window = Window(10.0)
    unreachable: int = 0
    told: Silence = Silence(0.0, 0.0)

    def room(self, now: float, *, in_flight: int, share: float = 1.0) -> int:
        """How many requests may be begun now.

        Args:
            now: token time.
            in_flight: how many of the app are under way.
            share: which share of the rate somebody else allows.
        """
        if share <= 0 or self.told.left(now) > 0:
            return 0
        match self.breaker.state(now):
            case "open":
                return 0
            case "probing":
                return 0 if in_flight else 1
            case _:
                share = min(share, self.breaker.share(now))
                return int(self.rate.refilled(now, share).saved)

    def wait(self, now: float, share: float = 1.0) -> float:
        """Seconds until there may be room again; 0.0 when there is, or nobody knows."""
        closed = 0.0 if self.breaker.silence is None else self.breaker.silence.left(now)
        share = min(share, self.breaker.share(now))
        if share <= 0 or closed > 0 or self.told.left(now) > 0:
            return max(closed, self.told.left(now))
        missing = 1.0 - self.rate.refilled(now, share).saved
        return max(0.0, missing / (self.rate.per_second * share))

    def retries_left(self, now: float) -> int:
        """How many retries may be begun: a tenth of the first attempts, at least one a second."""
        every, retries = self.tries.totals(now)
        return max(0, int(max(self.tries.span, (every - retries) / 10)) - retries)

    def begun(self, now: float, *, is_retry: bool, share: float = 1.0) -> Pace:
        """With one more request under way."""
        share = min(share, self.breaker.share(now))
        return msgspec.structs.replace(
            self,
            rate=self.rate.refilled(now, share).taken(1),
            tries=self.tries.counted(now, bad=is_retry),
        )

    def told_to_wait(self, now: float, seconds: float) -> Pace:
        """After a ``Retry-After``."""
        seconds = min(seconds, _LONGEST_SILENCE)
        if seconds <= self.told.left(now):
            return self
        return msgspec.structs.replace(self, told=Silence(now, seconds))

    def ended(self, now: float, outcome: Outcome) -> Pace:
        """With one request less under way."""
        if outcome == "nothing":
            return self
        if outcome in _ANSWERED:
            return self._answered(now, outcome)
        unreachable = self.unreachable + 1 if outcome == "unreachable" else 0
        health = self.health.counted(now, bad=True)
        after = msgspec.structs.replace(self, health=health, unreachable=unreachable)
        every, failed = health.totals(now)
        is_sick = every >= 20 and 2 * failed >= every  # noqa: PLR2004 - as it is documented
        is_sick |= unreachable >= 5 or outcome == "rejected"  # noqa: PLR2004 - the same
        if self.breaker.silence is None and not is_sick:
            return after
        return msgspec.structs.replace(
            after, breaker=self.breaker.tripped(now), health=Window(health.span), unreachable=0
        )

    def _answered(self, now: float, outcome: Outcome) -> Pace:
        rate, health, breaker = self.rate, self.health, self.breaker.eased(now)
        if outcome == "limited":
            rate = rate.halved(now)
        if outcome == "good":
            health = health.counted(now, bad=False)
            rate = rate.raised() if self.breaker.silence is None else rate
        if self.breaker.silence is not None and breaker.silence is None:
            rate = rate.afresh()
        return msgspec.structs.replace(
            self, rate=rate, health=health, breaker=breaker, unreachable=0
        )


class Alarm(msgspec.Struct, frozen=True, gc=False):
    """Stops everything after too many refusals: they are no coincidence.

    The store may be an older copy, or TikTok has an incident. No app asks anything before somebody
    has looked or some time has passed.

    Attributes:
        answers: tokens and refusals of accounts that gave no reason to expect one.
    """

    breaker: Breaker = Breaker(900.0, 3600.0)
    answers: Window = Window(300.0)

    def ended(self, now: float, outcome: Outcome) -> Alarm:
        """With one more answer."""
        if outcome == "good" and self.breaker.silence is None:
            return Alarm(self.breaker, self.answers.counted(now, bad=False))
        if outcome == "good":
            return Alarm(self.breaker.eased(now), self.answers)
        if outcome != "refused":
            return self
        answers = self.answers.counted(now, bad=True)
        every, refused = answers.totals(now)
        are_many = refused > 50 or (every >= 500 and 100 * refused > every)  # noqa: PLR2004 - numbers of the rule itself
        if self.breaker.silence is None and not are_many:
            return Alarm(self.breaker, answers)
        return Alarm(self.breaker.tripped(now), Window(answers.span))


def new_pace(start: float, now: float) -> Pace:
    """An app that was not asked for anything yet.

    Args:
        start: requests a second at first.
        now: token time.
    """
    return Pace(Rate(start, start, max(1.0, start * _BURST), now))
