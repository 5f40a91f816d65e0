"""The refresh story: claim, send, journal, parse, write; or settle what it came to instead.

The order is the design (each step is durable before the next begins):

1. the claim says in the store that a request may be under way;
2. room for the answer is taken on disk;
3. one request is made, with a long deadline of its own and never a second one on top;
4. the raw answer is put on disk, sealed;
5. only now is it parsed;
6. the new tokens are written where the token they were bought with still stands, and kept as a
   candidate where it does not;
7. only now does anybody get to see them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tiktok_oauth.engine.ports import TransportError
from tiktok_oauth.engine.send import from_transport
from tiktok_oauth.engine.span import Span
from tiktok_oauth.errors import TikTokAPIError, TokenExpiredError, VaultKeyError
from tiktok_oauth.events import RequestStarted, ResponseReceived
from tiktok_oauth.policy import refresh_decision
from tiktok_oauth.protocol import data, endpoints, token
from tiktok_oauth.protocol.envelope import log_id_of, parse_retry_after
from tiktok_oauth.protocol.http import HttpResponse
from tiktok_oauth.types import Secret
from tiktok_oauth.vault.refresh import answers, ladder
from tiktok_oauth.vault.refresh.place import (
    insist,
    keep,
    ladder_step,
    place,
    scrubbed,
    settle,
    standing_token,
)
from tiktok_oauth.vault.sealing.cipher import Binding

if TYPE_CHECKING:
    from tiktok_oauth.vault.refresh.ladder import Witness
    from tiktok_oauth.vault.refresh.ports import Desk
    from tiktok_oauth.vault.stores.rows import Grant, Settled

_NAME = "refresh_access_token"
_WITNESS_TIMEOUT = 10.0
_WHOLE_SECOND = 1.0
"""A sandbox tells its time in whole seconds, so that it may seem to go back by a part of one."""
_NO_RESPONSE = HttpResponse(0, {}, b"")


class _Turn(msgspec.Struct, frozen=True):
    """The token to send, and what is left to try after it.

    Attributes:
        stood: the one that stands in the row.
        sent: the one to send.
        next_ver: the version of what it brings.
        candidate: its fingerprint, when it is a candidate's turn.
        others: how many other tokens are left if this one is refused, the standing one too.
    """

    stood: Secret
    sent: Secret
    next_ver: int
    candidate: bytes | None = None
    others: int = 0


async def refresh(desk: Desk, grant: Grant) -> Grant:
    """Refresh an account whose claim was granted; returns its row with tokens that are durable.

    Args:
        desk: the way to everything.
        grant: the row as the claim returned it.

    Raises:
        TikTokAPIError: it brought no tokens; what the row says now is settled.
        VaultKeyError: the refresh token cannot be opened; nothing has changed.
        StoreError: the store or the journal failed before anything was sent.
    """
    with Span(desk.core, _NAME) as span:
        return await _Refresh(desk, span, grant).run()


class _Refresh:
    """One request for one account, from the granted claim to what the row says afterwards."""

    def __init__(self, desk: Desk, span: Span, grant: Grant) -> None:
        self._desk = desk
        self._span = span
        self._grant = grant
        self._seconds = 0.0

    async def run(self) -> Grant:
        with self._desk.barrier.request():
            return await self._run()

    async def _run(self) -> Grant:
        ladder.usable(self._grant)
        try:
            turn = await self._turn()
            await self._desk.barrier.hold(self._desk)
            await self._desk.hands.make_room()
            question = self._question(turn)
            draft = answers.Draft(question, self._desk.cipher)
        except TikTokAPIError as error:
            locked = isinstance(error, VaultKeyError)
            after = ladder.after_unopened if locked else ladder.after_unsent
            await settle(self._desk, after(self._grant, self._ending(error)))
            raise
        outcome = await self._ask(turn.sent)
        if isinstance(outcome, TikTokAPIError):
            after = ladder.after_unsent if outcome.never_sent else ladder.after_doubt
            return await self._settle(after(self._grant, self._ending(outcome)), outcome)
        # First of all, and at once: until this is on disk the tokens are nowhere but here.
        await self._journal(draft, outcome)
        self._report(outcome)
        answer = msgspec.structs.replace(question, response=outcome)
        return await self._absorb(turn, answer)

    def _question(self, turn: _Turn) -> answers.Answer:
        """The answer that is to come, as far as it is known."""
        grant = self._grant
        return answers.Answer(
            grant.ref,
            grant.gen,
            grant.ver,
            grant.attempt or "",
            self._span.correlation_id,
            turn.stood,
            turn.sent,
            turn.next_ver,
            self._desk.now(),
            _NO_RESPONSE,
        )

    async def _turn(self) -> _Turn:
        grant = self._grant
        stood = standing_token(self._desk.cipher, grant)
        own = _Turn(stood, stood, grant.ver + 1)
        if grant.doubt_at is None and grant.refusals < ladder.TURN_OF_OTHERS:
            return own
        mine = [c for c in await self._desk.hands.candidates(grant.ref) if c.gen == grant.gen]
        turns = ladder.turns(grant, mine)
        if not turns:
            return own
        first = turns[0]
        if first is None:
            binding = Binding("refresh", *grant.ref, grant.gen, grant.ver - 1)
            parent = self._desk.cipher.open_secret(grant.parent or b"", binding)
            return _Turn(stood, parent, grant.ver + 1, others=1)
        binding = Binding("candidate", *grant.ref, first.gen, first.ver)
        sent = self._desk.cipher.open_secret(first.sealed, binding)
        return _Turn(stood, sent, first.ver + 1, first.fingerprint, len(turns))

    async def _ask(self, sent: Secret) -> HttpResponse | TikTokAPIError:
        """One request; another only after one that certainly was not sent."""
        core, span, endpoint = self._desk.core, self._span, endpoints.TOKEN
        request = token.build_refresh(core.app, sent)
        url = core.app.base_url + endpoint.path
        core.report(RequestStarted(span.method, span.correlation_id, url, endpoint.method))
        while True:
            span.attempts += 1
            started = core.clock.monotonic()
            try:
                response = await self._desk.hands.post(
                    request, timeout=self._desk.deadline, limit=endpoint.limit
                )
            except TransportError as error:
                failure = from_transport(error, self._desk.deadline)
            else:
                self._seconds = core.clock.monotonic() - started
                return response
            waits = self._desk.unsent_waits
            if not failure.never_sent or span.attempts > len(waits):
                return failure
            self._tell(failure)
            await self._desk.hands.pause(waits[span.attempts - 1])

    async def _journal(self, draft: answers.Draft, response: HttpResponse) -> None:
        try:
            await self._desk.hands.journal(draft.finish(response))
        except TikTokAPIError as error:
            # Worse than planned, and no reason to drop the answer: it goes straight on.
            self._span.noticed(f"The answer could not be journaled. {error.message}")

    async def _absorb(self, turn: _Turn, answer: answers.Answer) -> Grant:
        try:
            tokens = token.parse_refresh(answer.response, turn.sent)
        except TikTokAPIError as error:
            failure = error.with_traceback(None)
        else:
            if tokens.open_id == self._grant.open_id:
                row = await place(self._desk, self._grant, answer, tokens)
                if row is None or row.refresh is None:
                    raise ladder.disconnected()
                self._span.succeeded(
                    ("openId", tokens.open_id),
                    ("expiresIn", f"{tokens.expires_in}s"),
                    ("scopes", tokens.scope),
                )
                return row
            source = ladder.OTHER_ACCOUNT
            await keep(self._desk, answer, Secret(tokens.refresh_token), source)
            failure = ladder.other_account()
        return await self._failed(turn, answer, failure)

    async def _failed(self, turn: _Turn, answer: answers.Answer, failure: TikTokAPIError) -> Grant:
        """What TikTok's answer without tokens means, unless somebody has brought others."""
        failure = scrubbed(self._desk, answer, failure)
        failure.retry_after = failure.retry_after or parse_retry_after(
            answer.response.headers.get("retry-after"), now=self._desk.core.clock.now()
        )
        end = self._ending(failure)
        if ladder.kind_of(failure) != "refused":
            change = await ladder_step(self._desk, self._grant, answer, end)
            return await self._settle(change, failure)
        if turn.candidate is not None and self._grant.refusals >= ladder.TURN_OF_OTHERS:
            # Not at the first refusal, which may be a mistake: it can be the newest token.
            await self._desk.hands.mark_tried(self._grant.ref, turn.candidate)
        witness = await self._witness()
        change = ladder.after_refusal(self._grant, end, witness, others=turn.others)
        return await self._settle(change, failure)

    async def _witness(self) -> Witness:
        """Ask for the profile with an access token that should still be good."""
        grant = self._grant
        if grant.access is None or grant.doubt_at is not None or not self._access_lives():
            return "silent"
        binding = Binding("access", *grant.ref, grant.gen, grant.ver)
        try:
            access = self._desk.cipher.open_secret(grant.access, binding)
            request = data.build_user_info(self._desk.core.app, access, ("open_id",))
            answer = await self._desk.hands.post(
                request, timeout=_WITNESS_TIMEOUT, limit=endpoints.USER_INFO.limit
            )
            data.parse_user_info(answer)
        except TokenExpiredError:
            # It may have ended on its way: then it proves nothing.
            return "dead" if self._access_lives() else "silent"
        except (TikTokAPIError, TransportError):
            return "silent"
        return "alive"

    def _access_lives(self) -> bool:
        now = self._desk.now()
        freshness = refresh_decision(ladder.lifetimes(self._grant), now)
        # What came in the future came while a clock was ahead: nobody knows when it ends.
        return freshness in {"fresh", "soon"} and self._grant.issued_at <= now + _WHOLE_SECOND

    async def _settle(self, change: Settled, failure: TikTokAPIError) -> Grant:
        """Raise what the row says now, unless somebody else has taken over."""
        self._tell(failure)
        if not await settle(self._desk, change):
            row = await insist(self._desk, lambda: self._desk.hands.get(change.ref))
            if row is not None and (row.gen, row.ver) > (change.gen, change.ver):
                # It was no refusal, but a race that was lost: there are new tokens, or there were.
                return ladder.usable(row)
            if change.status != "blocked":
                # Whatever the account comes to, it is not ours to say.
                change = msgspec.structs.replace(change, status="active")
        raise ladder.to_caller(change, failure, self._desk.now())

    def _ending(self, error: TikTokAPIError) -> ladder.Ending:
        roll = self._desk.core.dice.roll()
        return ladder.Ending(self._desk.now(), roll, error, self._span.correlation_id)

    def _report(self, response: HttpResponse) -> None:
        span = self._span
        self._desk.core.report(
            ResponseReceived(
                span.method,
                span.correlation_id,
                response.status,
                self._seconds,
                span.attempts,
                log_id_of(response),
            )
        )

    def _tell(self, failure: TikTokAPIError) -> None:
        self._span.sign(failure)
        self._span.failed(failure)
