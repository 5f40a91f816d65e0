"""What the front page shows of a sandbox: the latest of everything, and no secret."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from tiktok_oauth.sandbox.faults import FAULTS
from tiktok_oauth.sandbox.mint import open_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tiktok_oauth.sandbox.catalog import App, Person
    from tiktok_oauth.sandbox.controls import Controls
    from tiktok_oauth.sandbox.grants import Grant, Grants
    from tiktok_oauth.sandbox.knobs import Knobs
    from tiktok_oauth.sandbox.ledger import Entry
    from tiktok_oauth.sandbox.rules import Rule
    from tiktok_oauth.sandbox.world import World

SHOWN = 50
"""Rows of each kind; a sandbox under load has a million more."""

_LOOKED_AT = 1_000


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
        access_left: the seconds that its latest access token still lives; it counts by the knobs
            of now, whatever they were when the token was issued.
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
        offset: how far it is ahead of the machine's, in seconds.
        knobs: how they stand.
        counts: rows in each table, shown or not.
        apps: those that are registered.
        residents: those who have an account.
        grants: those that live, newest first.
        calls: the latest, newest first.
        call_count: how many there were.
        faults: all there are.
    """

    now: float
    offset: float
    knobs: Knobs
    counts: Mapping[str, int]
    apps: tuple[App, ...]
    residents: tuple[Resident, ...]
    grants: tuple[GrantRow, ...]
    calls: tuple[CallRow, ...]
    call_count: int
    faults: tuple[FaultRow, ...]


def glance(controls: Controls) -> Glance:
    """Look at a sandbox."""
    with controls.live as (world, now):
        ledger = controls.router.ledger
        entries = ledger.after(ledger.count - SHOWN)
        return Glance(
            now,
            world.offset,
            world.knobs,
            world.counts(),
            tuple(islice(world.apps.values(), SHOWN)),
            tuple(_residents(world, now)),
            tuple(islice(_grants(world, now), SHOWN)),
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


def _grants(world: World, now: float) -> Iterator[GrantRow]:
    for grant in _newest(world.grants):
        if now < grant.dies:
            yield GrantRow(
                open_id(grant.client_key, grant.person_id),
                world.people[grant.person_id],
                world.apps[grant.client_key],
                grant.scopes,
                _access_left(grant, now, world.knobs),
                grant.dies - now,
            )


def _newest(grants: Grants) -> Iterator[Grant]:
    """Walk back through the latest numbers, instead of sorting a million rows at every look."""
    numbers = range(grants.last, max(0, grants.last - _LOOKED_AT), -1)
    return filter(None, map(grants.get, numbers))


def _access_left(grant: Grant, now: float, knobs: Knobs) -> float:
    if grant.floor >= grant.serial:
        return 0
    issued = grant.rotated or grant.dies - knobs.refresh_ttl
    return max(0, min(issued + knobs.access_ttl, grant.dies) - now)


def _call(world: World, entry: Entry) -> CallRow:
    person = world.people.get(entry.person_id)
    app = world.apps.get(entry.client_key)
    return CallRow(entry, person.display_name if person else "", app.name if app else "")


def _faults(rules: list[Rule]) -> Iterator[FaultRow]:
    for name, fault in FAULTS.items():
        yield FaultRow(name, fault.meaning, tuple(rule for rule in rules if rule.fault == name))
