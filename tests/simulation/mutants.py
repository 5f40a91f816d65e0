"""The vault with one rule removed: each of these must be caught, or a scenario is missing."""

from __future__ import annotations

from typing import NamedTuple

from tests.simulation.hands import Habits
from tests.simulation.stories import Edit


class Mutant(NamedTuple):
    """A rule that is gone.

    Attributes:
        name: what is done instead.
        edits: of the vault's own text.
        habits: or of how a program uses it.
        profiles: where it does harm.
    """

    name: str
    edits: tuple[Edit, ...] = ()
    habits: Habits = Habits()
    profiles: tuple[str, ...] = (
        "mild",
        "rough",
        "amnesia",
        "fickle",
        "crowd",
        "late",
        "long",
    )


def _edit(name: str, module: str, old: str, new: str) -> Mutant:
    return Mutant(name, (Edit(module, old, new),))


MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "last writer wins",
        (
            Edit(
                "sql",
                "WHERE {_KEY} AND gen = :gen AND ver = :ver AND fingerprint = :stood\n"
                "      AND status <> 'disconnected'",
                "WHERE {_KEY} AND gen = :gen AND status <> 'disconnected'\n"
                "      AND (:ver = :ver OR :stood = :stood)",
            ),
            Edit(
                "place",
                "    if row.gen != answer.gen or row.fingerprint is None or row.ver > answer.ver:\n"
                "        return False\n",
                "    if row.gen != answer.gen or row.fingerprint is None:\n"
                "        return False\n"
                "    return True\n",
            ),
        ),
    ),
    _edit(
        "renew without looking at the version it was for",
        "place",
        "return row.ver < answer.ver or cipher.same_token(row.fingerprint, answer.stood)",
        "return True",
    ),
    _edit(
        "replay again and again where tokens do not rotate",
        "place",
        " or row.fingerprint is None or row.ver > answer.ver:\n        return False\n    # A row",
        " or row.fingerprint is None:\n        return False\n    # A row",
    ),
    _edit(
        "nothing brings back what a failover lost",
        "place",
        "return row.ver < answer.ver or cipher.same_token(row.fingerprint, answer.stood)",
        "return row.ver == answer.ver and cipher.same_token(row.fingerprint, answer.stood)",
    ),
    _edit(
        "claim whatever version stands there",
        "sql",
        "WHERE {_KEY} AND gen = :gen AND ver = :ver AND not_before <= :now",
        "WHERE {_KEY} AND (:gen = :gen OR :ver = :ver) AND not_before <= :now",
    ),
    _edit(
        "parse before journaling",
        "renew",
        "        await self._journal(answer)\n        self._report(outcome)\n"
        "        return await self._absorb(turn, answer)",
        "        self._report(outcome)\n"
        "        try:\n            return await self._absorb(turn, answer)\n"
        "        finally:\n            await self._journal(answer)",
    ),
    _edit(
        "no journal",
        "renew",
        "        await self._journal(answer)\n        self._report(outcome)",
        "        self._report(outcome)",
    ),
    Mutant("journals of the dead are deleted unread", habits=Habits(burns_journals=True)),
    Mutant("journals of the dead are deleted at once", habits=Habits(deletes_buried=True)),
    Mutant("no sign of life, no catching up when idle", habits=Habits(never_beats=True)),
    Mutant("a caller who leaves takes the refresh along", habits=Habits(cancels_flights=True)),
    _edit(
        "claims of the dead are free at once",
        "sql",
        "boots.ended_at <= {clock} - :grace",
        "boots.ended_at <= {clock} AND :grace >= 0",
    ),
    Mutant("boot ids are used again", habits=Habits(reuses_boots=True)),
    _edit(
        "take over by lease, after 30 seconds",
        "turns",
        "desk.now(), desk.patience)",
        "desk.now(), 30.0)",
    ),
    _edit(
        "claims of others count for nothing",
        "sql",
        "    boot IS NULL OR claimed_at <= {clock} - :patience\n",
        "    boot IS NULL OR :patience >= 0 OR claimed_at <= {clock}\n",
    ),
    _edit(
        "the fleet takes over claims of its own process",
        "sql",
        "              AND ({NOBODYS}) AND {_CLAIMABLE}",
        "              AND (boot = :boot OR {NOBODYS}) AND {_CLAIMABLE}",
    ),
    _edit(
        "the first refusal is the verdict",
        "ladder",
        "    if grant.doubt_at is None and (witness",
        "    if True or grant.doubt_at is None and (witness",
    ),
    _edit(
        "three refusals in a row are the verdict, however soon",
        "ladder",
        "_REFUSALS = (60.0, 3600.0, 1800.0)",
        "_REFUSALS = (0.1, 0.1, 0.1)",
    ),
    _edit(
        "a refusal of the parent counts against its child",
        "renew",
        "self._open(grant.parent, grant.ver - 1), others=1)",
        "self._open(grant.parent, grant.ver - 1))",
    ),
    _edit(
        "what cannot become current is dropped",
        "place",
        "    await insist(desk, lambda: desk.hands.keep_candidate(candidate))",
        "    del candidate",
    ),
    _edit(
        "nothing is salvaged",
        "place",
        "    found = answers.salvage(answer.response)",
        "    found = None",
    ),
    _edit(
        "a salvaged token has its turn with the others",
        "ladder",
        "if c.source == SALVAGED and c.ver == grant.ver + 1]",
        "if c.source == SALVAGED and c.ver == grant.ver + 1 and grant.refusals > 2]",
    ),
    _edit(
        "a salvaged token is tried once",
        "renew",
        "        if turn.candidate is not None and self._grant.refusals >= ladder.TURN_OF_OTHERS:",
        "        if turn.candidate is not None:",
    ),
    _edit(
        "candidates are never tried",
        "renew",
        "if c.gen == grant.gen]",
        "if c.gen < 0]",
    ),
    _edit(
        "the parent is never tried",
        "ladder",
        "parents = [None] if grant.parent is not None and spent <= 0 else []",
        "parents: list[None] = [] if spent <= 0 else []",
    ),
    _edit("ten seconds for a refresh", "renew", "timeout=self._desk.deadline", "timeout=10.0"),
    _edit(
        "what was salvaged leaves no doubt",
        "sqlstore",
        "            transaction.run(sql.DOUBT, values)\n",
        "",
    ),
    _edit(
        "one try to write new tokens",
        "place",
        "            if not error.retryable:\n                raise\n",
        "            raise\n",
    ),
    _edit(
        "an older consent replaces a newer one",
        "sql",
        "AND accounts.granted_at <= excluded.granted_at",
        "",
    ),
    _edit(
        "a refresh replaces the consent that came meanwhile",
        "place",
        "    if row.gen != answer.gen or row.fingerprint is None or row.ver > answer.ver:\n"
        "        return False\n",
        "    if row.fingerprint is None or (row.gen == answer.gen and row.ver > answer.ver):\n"
        "        return False\n    if row.gen != answer.gen:\n        return True\n",
    ),
    _edit(
        "no barrier after a failover",
        "barrier",
        "        timeline = await desk.hands.timeline()\n"
        "        if timeline == self.timeline and self._passed:",
        "        timeline = await desk.hands.timeline()\n        if timeline:",
    ),
    _edit(
        "nobody waits for other hosts after a failover",
        "barrier",
        "self._passed = not behind or now - self._since >= desk.patience",
        "self._passed = True or not behind or now - self._since >= desk.patience",
    ),
    _edit(
        "no second look at the history before a request",
        "renew",
        "            await self._desk.barrier.hold(self._desk)\n",
        "",
    ),
    _edit(
        "no second look at the row after a refusal",
        "renew",
        "        if row is not None and (row.gen, row.ver) != (self._grant.gen, self._grant.ver):",
        "        if False and row is not None:",
    ),
    _edit(
        "anybody's tokens are taken",
        "renew",
        "            if tokens.open_id == self._grant.open_id:",
        "            if tokens.open_id:",
    ),
    _edit(
        "an answer without a refresh token wipes it",
        "renew",
        "            tokens = token.parse_refresh(answer.response, turn.sent)",
        '            tokens = token.parse_refresh(answer.response, Secret("none-at-all"))',
    ),
    _edit(
        "a second request while the first is open",
        "renew",
        "            if not failure.never_sent or span.attempts > len(waits):",
        "            if span.attempts > len(waits):",
    ),
    _edit(
        "whoever held the claim may settle it",
        "sql",
        "    WHERE {_KEY} AND gen = :gen AND ver = :ver AND boot = :boot AND attempt = :attempt\n",
        "    WHERE {_KEY} AND gen = :gen\n"
        "      AND (:ver = :ver OR :boot = :boot OR :attempt = :attempt)\n",
    ),
    _edit(
        "doubt is not written down",
        "sql",
        "    doubt_at = CASE WHEN boot IS NULL THEN doubt_at ELSE COALESCE(doubt_at, :now) END,\n",
        "    doubt_at = CASE WHEN :now > 0 THEN NULL END,\n",
    ),
    _edit(
        "the request is sent whether or not the claim was granted",
        "turns",
        "        if claimed is None:\n            await hold_back",
        "        if claimed is None and look > _FIRST_LOOK:\n"
        "            return await refresh(desk, grant)\n"
        "        if claimed is None:\n            await hold_back",
    ),
    _edit(
        "the error to the caller does not wait for the row",
        "renew",
        '        if not await settle(self._desk, change) and change.status != "blocked":',
        '        if not await settle(self._desk, change) and change.status == "blocked":',
    ),
    _edit(
        "what a dead vault salvaged is forgotten with its claim",
        "place",
        "    if (row.gen, row.ver) != (answer.gen, answer.ver):\n        return\n",
        "    if (row.gen, row.ver, row.attempt) != (answer.gen, answer.ver, answer.attempt):\n"
        "        return\n",
    ),
)
