"""One exchange with TikTok over a network that loses, delays and mangles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulation.clockwork import Moment, sleep
from tests.simulation.provider import profile_answer, refusal, tokens_answer
from tiktok_oauth.engine.ports import DeadlineError, NoConnectionError, Phase
from tiktok_oauth.protocol.http import HttpResponse

if TYPE_CHECKING:
    from tests.simulation.provider import Family, Token
    from tests.simulation.world import Worker, World

_LONG_ENOUGH = 85.0
"""Seconds after which nobody can be blamed for hanging up."""


class Exchange:
    """One attempt by one worker."""

    def __init__(self, world: World, worker: Worker, timeout: float) -> None:
        self._world = world
        self._worker = worker
        self._timeout = timeout
        self._began = world.loop.now
        self._coming: Token | None = None
        self.end: Moment[HttpResponse] = Moment()

    async def profile(self, access: str) -> HttpResponse:
        """Ask for the profile that an access token opens."""
        world = self._world
        await sleep(world.between(0.02, 0.3))
        if world.tiktok_down or world.chance(world.profile.request_lost):
            raise NoConnectionError("reset", phase=Phase.EXCHANGE)
        if not world.provider.knows_access(access):
            return profile_answer(None)
        return profile_answer(world.provider.served[access][0].open_id)

    def refresh(self, text: str) -> Moment[HttpResponse]:
        """Spend a refresh token."""
        world, profile = self._world, self._world.profile
        loop = world.loop
        if world.chance(profile.unsent):
            self._fail(0.05, NoConnectionError("refused", phase=Phase.CONNECT))
            return self.end
        loop.at(self._began + self._timeout, self._time_is_up)
        self._have_accidents()
        if world.chance(profile.request_lost):
            world.note("request lost", text)
            self._vanish()
            return self.end
        delay = world.between(0.01, 0.3)
        if world.chance(profile.late):
            delay = world.between(1.0, 60.0)
        loop.at(self._began + delay, lambda: self._arrive(text))
        return self.end

    def _have_accidents(self) -> None:
        """A crash or a stop, at some point of the way."""
        world, worker = self._world, self._worker
        if world.chance(world.profile.crash):
            when = self._began + world.rng.choice((0.05, 0.3, 1.0, 20.0)) * world.rng.random()
            world.loop.at(when, lambda: world.crash(worker, "while asking"))
        if world.chance(world.profile.stop):
            seconds = world.between(*world.profile.stop_seconds)
            when = self._began + world.rng.choice((0.1, 0.5)) * world.rng.random()
            if world.may_delay(seconds):
                world.note("stop", worker.name, f"{seconds:.3f}")
                world.loop.at(when, lambda: worker.stop(seconds))

    def _arrive(self, text: str) -> None:
        """TikTok gets the request: what it does is done, whatever becomes of the answer."""
        world, profile = self._world, self._world.profile
        if world.tiktok_down or world.chance(profile.failed_before):
            self._answer(HttpResponse(world.rng.choice((500, 502, 504)), {}, b"<html>"), None)
        elif world.chance(profile.limited):
            headers = {"retry-after": "7"} if world.chance(0.5) else {}
            self._answer(HttpResponse(world.rng.choice((429, 503)), headers, b""), None)
        elif world.chance(profile.refused):
            world.note("refused for nothing", text)
            world.provider.known[text][1].mistakes += 1
            self._answer(refusal(), None)
        elif world.chance(profile.other_person):
            self._confuse(text)
        elif world.chance(profile.no_refresh_token) and (same := world.provider.prolong(text)):
            world.note("no refresh token", text)
            answer = tokens_answer(*same, world.provider.lifetimes, world.loop.now)
            body = answer.body.replace(b'"refresh_token"', b'"another_field"')
            self._answer(HttpResponse(200, {}, body), None)
        elif (issued := world.provider.refresh(text)) is None:
            world.note("invalid_grant", self._worker.name, text)
            self._answer(refusal(), None)
        else:
            self._issue(*issued)

    def _confuse(self, text: str) -> None:
        """Answer with another person's tokens."""
        world = self._world
        mine = world.provider.known[text][0]
        others = [family for key, family in world.provider.families.items() if key != mine.open_id]
        other = world.rng.choice(others)
        world.note("other person", text, other.open_id)
        world.counts["other person"] += 1
        self._answer(
            tokens_answer(other, other.newest, world.provider.lifetimes, world.loop.now), None
        )

    def _issue(self, family: Family, token: Token) -> None:
        world, profile = self._world, self._world.profile
        world.note("issued", self._worker.name, token.text)
        world.counts["rotations"] += 1
        world.learn(family, token)
        if world.mode != "none":
            token.fate = "sent"
        answer = tokens_answer(family, token, world.provider.lifetimes, world.loop.now)
        if world.chance(profile.failed_after):
            token.fate = "undelivered"
            self._answer(HttpResponse(500, {}, b"<html>"), None)
        elif world.chance(profile.answer_lost):
            world.note("answer lost", token.text)
            token.fate = "undelivered"
            self._vanish()
        elif world.chance(profile.cut):
            self._answer(self._cut(answer, token), token)
        else:
            self._answer(answer, token)

    def _cut(self, answer: HttpResponse, token: Token) -> HttpResponse:
        """The beginning of an answer: with the refresh token in it, or not."""
        end = answer.body.index(token.text.encode()) + len(token.text) + 1
        length = self._world.rng.choice((end - 3, end, len(answer.body) - 1))
        self._world.note("cut", token.text, length >= end)
        if length < end:
            token.fate = "undelivered"
        return HttpResponse(200, {}, answer.body[:length])

    def _answer(self, response: HttpResponse, token: Token | None) -> None:
        world, profile = self._world, self._world.profile
        delay = world.between(0.01, 0.3)
        if world.chance(profile.slow):
            delay = world.between(5.0, 40.0)
        elif world.chance(profile.very_slow):
            delay = world.between(40.0, 300.0)
        if token is not None and token.fate == "sent":
            self._coming = token
            if world.loop.now + delay > self._began + self._timeout:
                self._note_abandoned(token, delay)
        world.loop.at(world.loop.now + delay, lambda: self._deliver(response))

    def _note_abandoned(self, token: Token, delay: float) -> None:
        whole = self._world.loop.now + delay - self._began
        token.fate = "abandoned" if whole < _LONG_ENOUGH else "undelivered"
        self._coming = None

    def _deliver(self, response: HttpResponse) -> None:
        token = self._coming
        if not self._worker.alive or self.end.done:
            if token is not None and token.fate == "sent":
                token.fate = "undelivered"
            return
        if token is not None and token.fate == "sent":
            token.fate = "delivered"
            self._worker.fresh.add(token)
        self.end.come(response)

    def _time_is_up(self) -> None:
        """The deadline; a process that is stopped looks into its buffer first when it goes on."""
        loop, until = self._world.loop, self._worker.stopped_until
        if loop.now < until:
            loop.at(until + 1e-6, self._time_is_up)
        else:
            self.end.fail(DeadlineError("no answer", phase=Phase.EXCHANGE))

    def _vanish(self) -> None:
        if self._world.chance(0.5):
            self._fail(self._world.between(1.0, 30.0), NoConnectionError("x", phase=Phase.EXCHANGE))

    def _fail(self, delay: float, error: NoConnectionError) -> None:
        self._world.loop.at(self._world.loop.now + delay, lambda: self.end.fail(error))
