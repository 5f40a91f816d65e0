"""What the front page shows of a sandbox: the latest of everything, and no secret."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from tiktok_oauth.sandbox.faults import FAULTS
from tiktok_oauth.sandbox.mint import OPEN_ID, open_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tiktok_oauth.sandbox.catalog import App, Person
    from tiktok_oauth.sandbox.controls import Controls
    from tiktok_oauth.sandbox.grants import Grant
    from tiktok_oauth.sandbox.knobs import Knobs
    from tiktok_oauth.sandbox.ledger import Entry
    from tiktok_oauth.sandbox.pace import Pace
    from tiktok_oauth.sandbox.rules import Rule
    from tiktok_oauth.sandbox.world import World

SHOWN = 50
"""Rows of each kind; a sandbox under load has a million more."""


@dataclass(frozen=True, slots=True)
class Search:
    """Which grants to show.

    Attributes:
        words: part of a person's name or id, of an app's name or key, or a whole open_id; "" for
            every grant.
        page: which fifty of them, from 1.
    """

    words: str = ""
    page: int = 1


@dataclass(frozen=True, slots=True)
class Resident:
    """Somebody, and the apps that they are connected to."""

    person: Person
    apps: tuple[App, ...]


@dataclass(frozen=True, slots=True)
class GrantRow:
    """A grant, by whom and to whom.

    Attributes:
        open_id: the person's, for this app.
        person: who allowed it.
        app: the app that holds it.
        scopes: what it allows.
        access_left: the seconds that its latest access token still lives.
        refresh_left: the seconds that the grant still lives.
    """

    open_id: str
    person: Person
    app: App
    scopes: tuple[str, ...]
    access_left: float
    refresh_left: float


@dataclass(frozen=True, slots=True)
class CallRow:
    """A call, and the names of who is behind it; "" as far as they are unknown."""

    entry: Entry
    person: str
    app: str


@dataclass(frozen=True, slots=True)
class FaultRow:
    """A fault, and the rules by which it is armed."""

    name: str
    meaning: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Glance:
    """Everything that the page tells, as it was at one moment.

    Attributes:
        now: the sandbox's time in Unix seconds.
        pace: how fast it passes.
        ahead: how far it is ahead of the machine's, in seconds.
        knobs: how they stand.
        counts: rows in each table, shown or not.
        apps: those that are registered.
        residents: those who have an account.
        grants: those that live and were searched for, newest first.
        found: how many of them there are, shown or not; without words those that have expired and
            are not yet forgotten count as well.
        search: what they were searched by.
        calls: the latest, newest first.
        call_count: how many there were.
        faults: all there are.
    """

    now: float
    pace: Pace
    ahead: float
    knobs: Knobs
    counts: Mapping[str, int]
    apps: tuple[App, ...]
    residents: tuple[Resident, ...]
    grants: tuple[GrantRow, ...]
    found: int
    search: Search
    calls: tuple[CallRow, ...]
    call_count: int
    faults: tuple[FaultRow, ...]


def glance(controls: Controls, search: Search = Search()) -> Glance:
    """Look at a sandbox."""
    with controls.live.look() as (world, now):
        ledger = controls.router.ledger
        entries = ledger.latest(SHOWN)
        grants, found = _search(world, now, search)
        return Glance(
            now,
            world.pace,
            controls.live.ahead,
            world.knobs,
            world.counts(),
            tuple(islice(world.apps.values(), SHOWN)),
            tuple(_residents(world, now)),
            tuple(_grant(world, now, grant) for grant in grants),
            found,
            search,
            tuple(_call(world, entry) for entry in reversed(entries)),
            ledger.count,
            tuple(_faults(controls.router.faults.rules)),
        )


def _residents(world: World, now: float) -> Iterator[Resident]:
    apps = tuple(islice(world.apps.values(), SHOWN))
    for person in islice(world.people.values(), SHOWN):
        connected = (app for app in apps if _is_connected(world, now, app, person))
        yield Resident(person, tuple(connected))


def _is_connected(world: World, now: float, app: App, person: Person) -> bool:
    grants = world.grants.between(app.client_key, person.person_id)
    return any(now < grant.dies for grant in grants)


def _search(world: World, now: float, search: Search) -> tuple[list[Grant], int]:
    """Return a page of grants, newest first, and out of how many."""
    living = (grant for grant in reversed(world.grants) if now < grant.dies)
    begin = (search.page - 1) * SHOWN
    if not search.words:
        # Counting a million living ones at every look would hold up those who call.
        return list(islice(living, begin, begin + SHOWN)), len(world.grants)
    people, apps = _people(world, search.words), _apps(world, search.words)
    found = [grant for grant in living if grant.person_id in people or grant.client_key in apps]
    return found[begin : begin + SHOWN], len(found)


def _people(world: World, words: str) -> set[str]:
    part = words.casefold()
    named = {
        one.person_id
        for one in world.people.values()
        if part in f"{one.person_id}\n{one.username}\n{one.display_name}".casefold()
    }
    if not words.startswith(OPEN_ID):
        return named
    return named | {world.person_of(client_key, words) for client_key in world.apps}


def _apps(world: World, words: str) -> set[str]:
    part = words.casefold()
    apps = world.apps.values()
    return {app.client_key for app in apps if part in f"{app.client_key}\n{app.name}".casefold()}


def _grant(world: World, now: float, grant: Grant) -> GrantRow:
    return GrantRow(
        open_id(grant.client_key, grant.person_id),
        world.people[grant.person_id],
        world.apps[grant.client_key],
        grant.scopes,
        _access_left(grant, now),
        grant.dies - now,
    )


def _access_left(grant: Grant, now: float) -> float:
    if grant.floor >= grant.serial:
        return 0
    return max(0, min(grant.access_dies, grant.dies) - now)


def _call(world: World, entry: Entry) -> CallRow:
    person = world.people.get(entry.person_id)
    app = world.apps.get(entry.client_key)
    return CallRow(entry, person.display_name if person else "", app.name if app else "")


def _faults(rules: list[Rule]) -> Iterator[FaultRow]:
    for name, fault in FAULTS.items():
        yield FaultRow(name, fault.meaning, tuple(rule for rule in rules if rule.fault == name))
