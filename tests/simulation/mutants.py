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
        missed_by: the test that misses the rule, where a thousand seeds do not.
    """

    name: str
    edits: tuple[Edit, ...] = ()
    habits: Habits = Habits()
    profiles: tuple[str, ...] = (
        "mild",
        "rough",
        "amnesia",
        "torn",
        "lapse",
        "tabs",
        "fickle",
        "crowd",
        "stutter",
        "late",
        "long",
    )
    missed_by: str = ""


def _edit(name: str, module: str, old: str, new: str, *, missed_by: str = "") -> Mutant:
    return Mutant(name, (Edit(module, old, new),), missed_by=missed_by)


MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "last writer wins",
        (
            Edit(
                "sql",
                "WHERE {KEY} AND gen = :gen AND ver = :ver AND fingerprint = :stood\n"
                "      AND status <> 'disconnected'",
                "WHERE {KEY} AND gen = :gen AND status <> 'disconnected'\n"
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
    Mutant(
        "claim whatever version stands there",
        (
            Edit(
                "sqlclaims",
                '_take(f"{KEY} AND gen = :gen AND ver = :ver", own',
                '_take(f"{KEY} AND (:gen = :gen OR :ver = :ver)", own',
            ),
            Edit(
                "sqlclaims",
                "{GET} AND accounts.gen = :gen AND accounts.ver = :ver\n",
                "{GET} AND (:gen = :gen OR :ver = :ver)\n",
            ),
        ),
    ),
    _edit(
        "parse before journaling",
        "renew",
        "        await self._journal(draft, outcome)\n        self._report(outcome)\n"
        "        answer = msgspec.structs.replace(question, response=outcome)\n"
        "        return await self._absorb(turn, answer)",
        "        self._report(outcome)\n"
        "        answer = msgspec.structs.replace(question, response=outcome)\n"
        "        try:\n            return await self._absorb(turn, answer)\n"
        "        finally:\n            await self._journal(draft, outcome)",
    ),
    _edit(
        "no journal",
        "renew",
        "        await self._journal(draft, outcome)\n        self._report(outcome)",
        "        self._report(outcome)",
    ),
    Mutant("journals of the dead are deleted unread", habits=Habits(burns_journals=True)),
    Mutant("journals of the dead are deleted at once", habits=Habits(deletes_buried=True)),
    Mutant("a dead boot is over before its journal is read", habits=Habits(ends_first=True)),
    _edit(
        "catch up after a failover while a request is under way",
        "barrier",
        "            if self._requests:\n                return False\n",
        "",
    ),
    _edit(
        "a doubt whose claim is forgotten is forgotten, too",
        "sqlstore",
        "            if otherwise:\n",
        "            if otherwise and not values:\n",
    ),
    Mutant("what ended before a failover has ended after it", habits=Habits(ends_for_good=True)),
    Mutant("what was brought in stands after a failover, too", habits=Habits(buries_once=True)),
    Mutant("no sign of life, no catching up when idle", habits=Habits(never_beats=True)),
    Mutant("a caller who leaves takes the refresh along", habits=Habits(cancels_flights=True)),
    _edit(
        "claims of the dead are free at once",
        "sqlclaims",
        "boots.ended_at <= {clock} - :grace",
        "boots.ended_at <= {clock} AND :grace >= 0",
    ),
    Mutant("boot ids are used again", habits=Habits(reuses_boots=True)),
    Mutant("consents are counted", habits=Habits(counts_consents=True), profiles=("tabs",)),
    _edit(
        "take over by lease, after 30 seconds",
        "turns",
        "desk.now(), desk.patience)",
        "desk.now(), 30.0)",
    ),
    _edit(
        "claims of others count for nothing",
        "sqlclaims",
        "    claims.claimed_at <= {clock} - :patience\n",
        "    :patience >= 0 OR claims.claimed_at <= {clock}\n",
    ),
    Mutant(
        "the fleet takes over claims of its own process",
        (
            Edit(
                "sqlclaims",
                "IN ({keys}) AND {NOBODYS}",
                "IN ({keys}) AND {NOBODYS.replace('NOT (', 'NOT (claims.boot = :boot OR ')}",
            ),
            Edit(
                "sqlclaims",
                'first=f"ORDER BY {column} LIMIT :limit")',
                'first=f"ORDER BY {column} LIMIT :limit", own="claims.boot = excluded.boot OR")',
            ),
        ),
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
        "return _Turn(stood, parent, grant.ver + 1, others=1)",
        "return _Turn(stood, parent, grant.ver + 1)",
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
        "if c.source == SALVAGED and c.ver > grant.ver]",
        "if c.source == SALVAGED and c.ver > grant.ver and grant.refusals > 2]",
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
    _edit(
        "what was used has its turn once more",
        "ladder",
        " and c.ver >= grant.ver]",
        " and c.ver >= 0]",
        missed_by="test_ladder.py::test_strangers_and_the_outlived_have_no_turn",
    ),
    # Of the two halves of this rule the first does nearly all: who takes over marks the claim.
    _edit(
        "no parent is kept for requests of others",
        "sql",
        "(claims.doubt_at IS NOT NULL OR claims.attempt <> :attempt)",
        "(claims.doubt_at IS NOT NULL OR claims.attempt <> :attempt) AND claims.ver < 0",
    ),
    _edit(
        "no candidate is kept for requests of others",
        "sql",
        "            WHEN :next_ver > ver + 1 AND {_TAKEN_OVER} THEN :sent\n",
        "",
        missed_by="test_store_outcomes.py::"
        "test_a_candidate_that_was_sent_is_kept_while_somebody_else_asks",
    ),
    _edit("ten seconds for a refresh", "renew", "timeout=self._desk.deadline", "timeout=10.0"),
    _edit(
        "what was salvaged leaves no doubt",
        "sql",
        "COALESCE(doubt_at, :created_at)",
        "COALESCE(doubt_at, NULLIF(:created_at, :created_at))",
    ),
    _edit(
        "one try to write new tokens",
        "place",
        "            if not error.retryable:\n                raise\n",
        "            raise\n",
    ),
    Mutant(
        "tokens get another version where the row fell behind",
        (
            Edit(
                "place",
                "        answer.next_ver,\n        answer.attempt,",
                "        row.ver + 1,\n        answer.attempt,",
            ),
            Edit("place", "            ver=answer.next_ver,", "            ver=row.ver + 1,"),
        ),
    ),
    _edit(
        "tokens that come back are not in doubt, though a child of theirs is known",
        "sql",
        "child.ver > :next_ver",
        "child.ver > :next_ver AND child.ver < 0",
    ),
    _edit(
        "what was salvaged is kept only when the row has caught up",
        "place",
        "    if row.gen != answer.gen or row.ver > answer.ver:\n        return\n    end",
        "    if row.gen != answer.gen or row.ver != answer.ver:\n        return\n    end",
    ),
    _edit(
        "an older consent replaces a newer one",
        "sql",
        "AND (accounts.granted_at <= excluded.granted_at OR accounts.granted_at > :now)",
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
        "who lost a race hears of a refusal",
        "renew",
        "            if row is not None and (row.gen, row.ver) > (change.gen, change.ver):",
        "            if False and row is not None:",
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
        "    WHERE {KEY} AND gen = :gen AND ver = :ver AND EXISTS (\n"
        "        SELECT 1 FROM claims WHERE {CLAIM_OF}"
        " AND claims.boot = :boot AND claims.attempt = :attempt\n    )\n",
        "    WHERE {KEY} AND gen = :gen\n"
        "      AND (:ver = :ver OR :boot = :boot OR :attempt = :attempt)\n",
    ),
    _edit(
        "doubt is not written down",
        "sqlclaims",
        "ELSE COALESCE(claims.doubt_at, :now) END,\n",
        "ELSE NULLIF(:now, :now) END,\n",
    ),
    _edit(
        "the request is sent whether or not the claim was granted",
        "turns",
        "        else:\n            await hold_back",
        "        elif look > _FIRST_LOOK:\n"
        "            return await refresh(desk, grant)\n"
        "        else:\n            await hold_back",
    ),
    _edit(
        "the error to the caller does not wait for the row",
        "renew",
        '            if change.status != "blocked":',
        '            if change.status == "blocked":',
    ),
    _edit(
        "what a dead vault salvaged is forgotten with its claim",
        "place",
        "    if row.gen != answer.gen or row.ver > answer.ver:\n        return\n    end",
        "    if (row.gen, row.ver, row.attempt) != (answer.gen, answer.ver, answer.attempt):\n"
        "        return\n    end",
    ),
)
