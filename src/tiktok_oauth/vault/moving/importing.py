"""Taking over tokens from another program's dump: in bulk, as often as one likes.

What is there already stays, unless the dump is provably newer. A line that cannot be used is
reported, without anything that stands in it, and stops nothing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Literal, NamedTuple

from tiktok_oauth.errors import VaultKeyError
from tiktok_oauth.system import SystemDice
from tiktok_oauth.types import Secret
from tiktok_oauth.vault.moving.mappings import folded
from tiktok_oauth.vault.moving.records import UnusableError, parse_record
from tiktok_oauth.vault.refresh.place import seal_tokens
from tiktok_oauth.vault.stores.rows import Consent, Event, has_newer, next_gen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from tiktok_oauth.vault.moving.dumps import Entry
    from tiktok_oauth.vault.moving.mappings import Layout
    from tiktok_oauth.vault.moving.records import Assumptions, Found
    from tiktok_oauth.vault.site import Site
    from tiktok_oauth.vault.stores.rows import Grant, Ref

_DICE = SystemDice()
_BATCH = 500
_SHOWN = 20

Verdict = Literal["taken", "there", "older"]


class Problem(NamedTuple):
    """A line that cannot be used. It says nothing that stands in the line."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What came of a dump.

    Attributes:
        taken: accounts whose tokens are the dump's now; in a rehearsal, that would be. One whose
            newer tokens come in a later line counts once more.
        there: those whose tokens were there already.
        older: those that have newer tokens, or may have.
        passed_over: records of other providers.
        unusable: lines that cannot be used.
        reasons: how many of them, by reason.
        problems: the first of them.
        access_assumed: accounts taken whose access token's end is not known: it is refreshed
            when it is first asked for.
        refresh_assumed: accounts taken whose refresh token's end is not known: it is taken to
            end in thirty days.
        rehearsed: whether nothing was written.
        times_missed: accounts taken with a time that is not understood: it counts as not said.
    """

    taken: int
    there: int
    older: int
    passed_over: int
    unusable: int
    reasons: Mapping[str, int]
    problems: tuple[Problem, ...]
    access_assumed: int
    refresh_assumed: int
    rehearsed: bool
    times_missed: int = 0


def import_tokens(
    site: Site,
    entries: Iterable[Entry],
    layout: Layout,
    assumptions: Assumptions,
    *,
    now: Callable[[], float],
    rehearse: bool = False,
) -> ImportReport:
    """Take over the tokens of a dump.

    Args:
        site: where to keep them.
        entries: the dump's records.
        layout: the names of their columns.
        assumptions: what goes for records that do not say it.
        now: token time.
        rehearse: write nothing, and tell what would come of it.

    Raises:
        StoreError: the store cannot be used; what was taken so far stays.
    """
    work = _Import(site, layout, assumptions, now, rehearse)
    pending = iter(entries)
    while batch := list(islice(pending, _BATCH)):
        work.take(batch)
    return work.report()


class _Import:
    def __init__(
        self,
        site: Site,
        layout: Layout,
        assumptions: Assumptions,
        now: Callable[[], float],
        rehearse: bool,  # noqa: FBT001 - the one caller names it
    ) -> None:
        self._site = site
        self._layout = layout
        self._assumptions = assumptions
        self._now = now
        self._rehearse = rehearse
        self._counts: Counter[str] = Counter()
        self._reasons: Counter[str] = Counter()
        self._problems: list[Problem] = []
        # Of each account that a rehearsal takes, which token, and since when: numbers, for there
        # may be a million.
        self._rehearsed: dict[int, tuple[int, float]] = {}

    def take(self, batch: list[Entry]) -> None:
        """Read some records, and write those that can be written."""
        found: dict[Ref, Found] = {}
        for one in self._readable(batch):
            if one.ref in found:
                self._write(list(found.values()))
                found.clear()
            found[one.ref] = one
        self._write(list(found.values()))

    def report(self) -> ImportReport:
        """What came of it."""
        counts = self._counts
        return ImportReport(
            counts["taken"],
            counts["there"],
            counts["older"],
            counts["passed_over"],
            self._reasons.total(),
            dict(self._reasons.most_common()),
            tuple(self._problems),
            counts["access"],
            counts["refresh"],
            self._rehearse,
            counts["times"],
        )

    def _readable(self, batch: list[Entry]) -> Iterator[Found]:
        now = self._now()
        for entry in batch:
            if entry.record is None:
                self._cannot(entry.line, entry.problem)
                continue
            record = folded(entry.record)
            if self._layout.is_other(record):
                self._counts["passed_over"] += 1
                continue
            try:
                yield parse_record(record, self._layout, self._assumptions, now)
            except UnusableError as error:
                self._cannot(entry.line, str(error))

    def _write(self, found: list[Found]) -> None:
        store, now = self._site.store, self._now()
        if self._rehearse:
            for one in found:
                self._count(self._would_be(one, now), one)
            return
        written = store.consent_all([self._consent(one, 0, now) for one in found]) if found else []
        for one, is_new in zip(found, written, strict=True):
            self._count("taken" if is_new else self._meet(one, now), one)

    def _would_be(self, one: Found, now: float) -> Verdict:
        """What would come of a record; the second of one account meets the first."""
        account, token = hash(one.ref), hash(one.tokens.refresh_token)
        met, since = self._rehearsed.get(account, (None, 0.0))
        if met is None:
            verdict = self._verdict(one, now)
        elif met == token:
            verdict = "there"
        else:
            verdict = "older" if one.since is None or one.since <= since else "taken"
        if verdict == "taken":
            self._rehearsed[account] = token, _granted_at(one, now)
        return verdict

    def _meet(self, one: Found, now: float) -> Verdict:
        """Write over an account that is there already, if it has older tokens."""
        while (verdict := self._verdict(one, now)) == "taken":
            row = self._site.store.get(one.ref)
            if self._site.store.consent(self._consent(one, 0 if row is None else row.gen, now)):
                break
        return verdict

    def _verdict(self, one: Found, now: float) -> Verdict:
        row = self._site.store.get(one.ref)
        if row is None:
            return "taken"
        if self._is_same(row, one):
            return "there"
        if row.status == "disconnected" or one.since is None or one.since <= _since(row):
            return "older"
        return "older" if has_newer(row, min(now, one.since), now) else "taken"

    def _is_same(self, row: Grant, one: Found) -> bool:
        try:
            return row.fingerprint is not None and self._site.cipher.same_token(
                row.fingerprint, Secret(one.tokens.refresh_token)
            )
        except VaultKeyError:  # The row was altered: whatever it is, it stays.
            return False

    def _consent(self, one: Found, after: int, now: float) -> Consent:
        gen = next_gen(after, now)
        sealed = seal_tokens(
            self._site.cipher, one.ref, one.tokens, gen=gen, ver=1, at=now, roll=_DICE.roll()
        )
        event = Event(now, "imported", self._layout.name)
        return Consent(one.ref, gen, one.user_id, _granted_at(one, now), sealed, event, after, now)

    def _count(self, verdict: Verdict, one: Found) -> None:
        self._counts[verdict] += 1
        if verdict == "taken":
            self._counts["access"] += one.assumes_access
            self._counts["refresh"] += one.assumes_refresh
            self._counts["times"] += one.misses_time

    def _cannot(self, line: int, reason: str) -> None:
        self._reasons[reason] += 1
        if len(self._problems) < _SHOWN:
            self._problems.append(Problem(line, reason))


def _granted_at(one: Found, now: float) -> float:
    return now if one.since is None else min(now, one.since)


def _since(row: Grant) -> float:
    """Since when a row's tokens have been there.

    Those of another dump came later than they were issued, and when they came proves nothing: both
    dumps' times are compared. Whatever a login, ``adopt`` or a refresh brought was new then.
    """
    return row.issued_at if row.ver > 1 else min(row.issued_at, row.granted_at)
