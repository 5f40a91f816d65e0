"""What must hold at every moment of a run, by the truth that only TikTok's model knows.

The numbers are those of the design: I2 a token is never replaced by an older one, I3 nor a
consent, I4 one request at a time, I5 none without a durable claim, I6 nothing is used before it
is in the journal, I7 nobody sees tokens that are not durable, I10 a refusal deletes nothing, I15
boot ids are unique, I16 an account never gets another person's tokens, I20 no tight loop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.simulation.provider import Token
    from tests.simulation.world import Worker, World
    from tiktok_oauth.vault.stores.rows import Candidate, Claim, Grant, Ref, Renewed, Settled

_MOST_AN_HOUR = 40


class Watch:
    """Looks over everybody's shoulder."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._given_up: dict[Ref, int] = {}

    def before_send(self, worker: Worker, text: str) -> None:
        """A refresh token is about to be sent."""
        world = self._world
        found = world.provider.known.get(text)
        world.check(found is not None, "I16 a token that TikTok never issued is sent", text)
        assert found is not None
        family, open_id = found[0], found[0].open_id
        world.note("send", worker.name, text, worker.claimed.get(open_id))
        world.check(open_id in worker.claimed, "I5 no claim is durable", worker.name, text)
        world.check(family is worker.consents[open_id], "I3 another consent's token is sent", text)
        if world.profile.bounded:
            busy = [w.name for grant, w in world.open_posts if grant is family and w.alive]
            world.check(not busy, "I4 a request is open", worker.name, text, *busy)
        world.open_posts.append((family, worker))
        world.counts["requests"] += 1
        sends = world.sends.setdefault(open_id, [])
        recent = [at for at in sends if at > world.loop.now - 3600.0]
        world.check(
            len(recent) < _MOST_AN_HOUR or world.provider.lifetimes.access < 3600,
            "I20 too many requests",
            open_id,
        )
        world.sends[open_id] = [*recent, world.loop.now]

    def after_send(self, worker: Worker, text: str) -> None:
        """Its answer is there, or will never be."""
        self._world.open_posts.remove((self._world.provider.known[text][0], worker))

    def token_in(self, record: bytes) -> Token | None:
        """The new refresh token in a record for the journal."""
        world, stories = self._world, self._world.stories
        for payload in stories.answers.split(record):
            answer = stories.answers.decode(payload, world.cipher)
            found = stories.answers.salvage(answer.response)
            if found is not None and found.reveal() in world.provider.known:
                return world.provider.known[found.reveal()][1]
        return None

    def before_renew(self, worker: Worker, change: Renewed) -> None:
        """New tokens are about to be written."""
        self._is_journaled(worker, change.tokens.fingerprint)

    def before_keep(self, worker: Worker, candidate: Candidate) -> None:
        """A candidate is about to be written."""
        self._is_journaled(worker, candidate.fingerprint)

    def renewed(self, change: Renewed, before: Grant | None, *, done: bool) -> None:
        """New tokens were written, or refused."""
        world = self._world
        new = world.token_of(change.tokens.fingerprint)
        assert new is not None
        world.check(
            new[0].open_id == change.ref.open_id, "I16 another person's tokens", new[1].text
        )
        if not done:
            return
        world.committed.add(change.tokens.fingerprint)
        world.note("renewed", change.ref.open_id, change.ver + 1, new[1].text)
        world.check(
            before is None
            or before.issued_at <= change.tokens.issued_at
            or world.counts["clock jumps"] > 0,
            "I13 an older answer replaces a newer one",
            new[1].text,
        )
        self._is_in_doubt_below_a_descendant(change)
        old = world.token_of(None if before is None else before.fingerprint)
        if old is not None:
            world.check(old[0] is new[0], "I3 an older consent's token replaces it", new[1].text)
            world.check(
                old[1].number <= new[1].number,
                "I2 an older token replaces it",
                old[1].text,
                new[1].text,
            )

    def _is_in_doubt_below_a_descendant(self, change: Renewed) -> None:
        row = self._world.store.get(change.ref)
        known = self._world.store.candidates(change.ref)
        newer = any(c.gen == change.gen and c.ver > change.next_ver for c in known)
        self._world.check(
            row is None or not newer or row.doubt_at is not None,
            "I10 a descendant is known, and its parent will be sent",
            change.ref.open_id,
        )

    def settled(self, change: Settled, *, done: bool) -> None:
        """A claim ended without tokens."""
        world = self._world
        world.note("settled", change.ref.open_id, change.status, change.reason, done)
        if done and change.status == "needs_login":
            self._given_up[change.ref] = change.gen
        row = world.store.get(change.ref)
        world.check(
            row is None or row.status == "disconnected" or row.refresh is not None,
            "I10 a refresh token was deleted",
        )

    def kept(self, candidate: Candidate) -> None:
        """A candidate was written."""
        self._world.counts["candidates"] += 1
        found = self._world.token_of(candidate.fingerprint)
        if found is not None and found[0].open_id == candidate.ref.open_id:
            self._world.committed.add(candidate.fingerprint)

    def returned(self, grant: Grant) -> None:
        """Somebody gets to see tokens."""
        world = self._world
        world.check(
            grant.fingerprint in world.committed,
            "I7 tokens are seen that are not durable",
            grant.open_id,
        )

    def _is_journaled(self, worker: Worker, fingerprint: bytes) -> None:
        found = self._world.token_of(fingerprint)
        self._world.check(
            found is None or found[1] not in worker.fresh,
            "I6 it is not in the journal",
            found and found[1].text,
        )

    def claimed(self, worker: Worker, grant: Grant) -> None:
        """A worker may ask for an account now."""
        worker.claimed[grant.open_id] = grant.attempt or ""
        found = self._world.token_of(grant.fingerprint)
        assert found is not None
        worker.consents[grant.open_id] = found[0]

    def granted(self, claim: Claim, grant: Grant) -> None:
        """A claim was granted."""
        self._world.check(
            (grant.gen, grant.ver) == (claim.gen, claim.ver),
            "I17 a token is refreshed that nobody found due",
            grant.open_id,
        )

    def told_failed(self, worker: Worker, ref: Ref) -> None:
        """Somebody hears that a refresh has failed."""
        row, outrun = self._world.store.get(ref), worker.outrun.get(ref)
        # It has left, or somebody has to look: that is told, and no tokens are there to be used.
        if row is None or row.refresh is None or row.status == "blocked":
            return
        self._world.check(
            outrun is None or (row.gen, row.ver) <= outrun,
            "I17 a failure is told, though new tokens are there",
            ref.open_id,
        )

    def told_gone(self, ref: Ref) -> None:
        """Somebody hears that an account needs a new login."""
        row = self._world.store.get(ref)
        # Whoever gives up a consent may be overtaken by the person's next one.
        is_next = row is not None and row.gen > self._given_up.get(ref, row.gen)
        self._world.check(
            row is None or row.status != "active" or is_next,
            "I22 the row says otherwise",
            ref.open_id,
        )
