"""Everything that can be done to a sandbox from outside TikTok's own endpoints."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from tiktok_oauth.errors import invalid_argument
from tiktok_oauth.sandbox import qr
from tiktok_oauth.sandbox.audit import audit
from tiktok_oauth.sandbox.authorize import allow, deny, read_request
from tiktok_oauth.sandbox.catalog import DEFAULT_APP
from tiktok_oauth.sandbox.knobs import turn
from tiktok_oauth.sandbox.live import LiveWorld
from tiktok_oauth.sandbox.notices import Reason
from tiktok_oauth.sandbox.registration import check_app
from tiktok_oauth.sandbox.routes import Router
from tiktok_oauth.sandbox.rules import make_rule
from tiktok_oauth.sandbox.state import export_world, import_world
from tiktok_oauth.sandbox.world import Consent, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tiktok_oauth.sandbox.audit import GrantAudit
    from tiktok_oauth.sandbox.catalog import App, Person
    from tiktok_oauth.sandbox.knobs import Knobs
    from tiktok_oauth.sandbox.ledger import Entry
    from tiktok_oauth.sandbox.outbox import Dispatch
    from tiktok_oauth.sandbox.rules import Rule
    from tiktok_oauth.sandbox.world import TokenSet


class Controls:
    """A sandbox without a socket: its world, its clock, its faults.

    Args:
        knobs: lifetimes and behaviour; TikTok's own by default.
        seed: makes codes and tokens the same in every run.
        clock_rate: how many times as fast as the machine's the sandbox's clock runs.
        clock: the machine's time in Unix seconds; another one, for tests, can stand still.
    """

    client_key: str = DEFAULT_APP.client_key
    client_secret: str = DEFAULT_APP.client_secret

    def __init__(
        self,
        *,
        knobs: Knobs | None = None,
        seed: int | None = None,
        clock_rate: float | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._knobs, self._seed, self._clock_rate = knobs, seed, clock_rate
        self.live: LiveWorld = LiveWorld(self._new_world(), clock)
        self.router: Router = Router(self.live)

    @property
    def world(self) -> World:
        """The world of this moment; ``reset`` puts another in its place."""
        return self.live.world

    def now(self) -> float:
        """Return the sandbox's time in Unix seconds."""
        return self.live.now()

    def advance(self, seconds: float) -> None:
        """Move the sandbox's clock forward.

        Raises:
            ValidationError: the clock would go back, or leave the calendar.
        """
        with self.live as (world, _):
            world.advance(seconds)

    def run_clock(self, rate: float) -> None:
        """Let the sandbox's clock run faster than the machine's, from now on.

        Args:
            rate: how many of its seconds pass in one of the machine's: 4,320 for 30 days in ten
                minutes, 1 to run as the machine's does.

        Raises:
            ValidationError: it is below 1 or above 100,000.
        """
        self.live.run(rate)

    def reset(self) -> None:
        """Begin again: a new world by the machine's clock, no faults, an empty ledger."""
        self.router.reset(self._new_world())

    def turn(self, **changes: object) -> Knobs:
        """Turn some knobs, and return how all of them stand.

        Raises:
            ValidationError: there is no such knob, or it cannot be set to this.
        """
        with self.live as (world, _):
            world.knobs = turn(world.knobs, changes)
            return world.knobs

    def add_app(self, app: App) -> None:
        """Register an app, or register it anew.

        Raises:
            ValidationError: TikTok would not register it.
        """
        with self.live as (world, _):
            world.apps[app.client_key] = check_app(app)

    def add_person(self, person: Person) -> None:
        """Let somebody have an account, or change it."""
        with self.live as (world, _):
            world.people[person.person_id] = person

    def leave(self, person: str, reason: Reason) -> None:
        """Let a person be deleted or banned, or lose all apps by a change of age.

        Raises:
            ValidationError: nobody has this id.
        """
        with self.live as (world, now):
            world.leave(now, _person(world, person).person_id, reason)

    def disconnect(self, person: str, *, client_key: str = DEFAULT_APP.client_key) -> bool:
        """Let a person remove an app in TikTok's settings; return whether it was connected.

        Raises:
            ValidationError: there is no such app or person.
        """
        with self.live as (world, now):
            who, app = _person(world, person), _app(world, client_key)
            return world.disconnect(now, app.client_key, who.person_id, Reason.DISCONNECTED)

    def grant(
        self,
        person: str = "mina",
        scopes: Iterable[str] = (),
        *,
        client_key: str = DEFAULT_APP.client_key,
    ) -> TokenSet:
        """Return the tokens of a new grant, without a browser.

        Args:
            person: who allows it.
            scopes: what; the basic scope always goes with it.
            client_key: the app.

        Raises:
            ValidationError: there is no such app, person or scope.
        """
        with self.live as (world, now):
            consent = _consent(world, client_key, person, scopes)
            return world.begin_grant(now, consent)

    def populate(
        self,
        count: int,
        scopes: Iterable[str] = (),
        *,
        client_key: str = DEFAULT_APP.client_key,
    ) -> list[TokenSet]:
        """Let new people move in, each of whom connects the app; return their tokens.

        Args:
            count: how many.
            scopes: what each allows; the basic scope always goes with it.
            client_key: the app.

        Raises:
            ValidationError: there is no such app or scope.
        """
        with self.live as (world, now):
            app, wanted = _app(world, client_key), tuple(scopes)
            _check_scopes(app, wanted)
            return [
                world.begin_grant(now, Consent(client_key, person_id, wanted, None))
                for person_id in world.move_in(count)
            ]

    def code(
        self,
        person: str = "mina",
        scopes: Iterable[str] = (),
        *,
        client_key: str = DEFAULT_APP.client_key,
        redirect_uri: str | None = None,
        code_challenge: str | None = None,
    ) -> str:
        """Return an authorization code, without a browser.

        Args:
            person: who allows it.
            scopes: what; the basic scope always goes with it.
            client_key: the app.
            redirect_uri: what the exchange has to repeat; None for anything.
            code_challenge: what the code verifier will be measured by.

        Raises:
            ValidationError: there is no such app, person or scope.
        """
        with self.live as (world, now):
            consent = _consent(world, client_key, person, scopes, redirect_uri, code_challenge)
            return world.consent(now, consent)

    def authorize(
        self,
        url: str,
        *,
        person: str = "mina",
        scopes: Iterable[str] | None = None,
        decision: bool = True,
    ) -> str:
        """Decide as a person would in the browser, and return the callback URL.

        Args:
            url: what ``get_authorization_url`` made.
            person: who decides.
            scopes: what to allow, by default everything that was asked for.
            decision: False to decline.

        Raises:
            AuthorizeError: TikTok would show its own error page and never come back.
            ValidationError: nobody has this id.
        """
        query = parse_qsl(urlsplit(url).query, keep_blank_values=True, errors="surrogateescape")
        with self.live as (world, now):
            asked = read_request(world, dict(query))
            if not decision:
                return deny(asked)
            decides = _person(world, person).person_id
            return allow(world, now, asked, decides, asked.scopes if scopes is None else scopes)

    def scan_qr(self, url: str) -> None:
        """Scan what a QR code says with the app on the phone.

        Raises:
            ValidationError: it is no QR code of the sandbox, or no longer.
        """
        with self.live as (world, now):
            qr.scan(world, now, url)

    def confirm_qr(self, url: str, *, person: str = "mina") -> None:
        """Scan a QR code, and allow the app everything that it asks for.

        Raises:
            ValidationError: it is no QR code of the sandbox, or no longer.
        """
        with self.live as (world, now):
            qr.confirm(world, now, url, _person(world, person).person_id)

    def fault(self, name: str, **options: object) -> Rule:
        """Switch a fault on.

        Args:
            name: one of the faults' names.
            options: ``endpoint``, ``account``, ``count``, ``probability``, ``seed``, ``seconds``,
                ``status``, ``retry_after``, ``field``.

        Raises:
            ValidationError: there is no such fault or option.
        """
        rule = make_rule({"fault": name, **options})
        self.add_fault(rule)
        return rule

    def add_fault(self, rule: Rule) -> None:
        """Switch a fault on, by a rule made beforehand."""
        with self.live:
            self.router.faults.add(rule)

    def faults(self) -> list[Rule]:
        """Return the faults that are switched on."""
        with self.live.look():
            return self.router.faults.rules

    def clear_faults(self) -> None:
        """Switch every fault off."""
        with self.live:
            self.router.faults.clear()

    def grants(self, after: int = 0, *, limit: int | None = None) -> list[GrantAudit]:
        """Return the grants that live, by number: whose, and which refresh token is theirs.

        Args:
            after: the number of the last one that is known already.
            limit: how many at most, None for all.
        """
        with self.live.look() as (world, now):
            return audit(world, now, after, limit)

    def requests(self, after: int = 0, *, endpoint: str = "") -> list[Entry]:
        """Return the calls that are still kept, oldest first, without any secret.

        Args:
            after: the number of the last one that is known already.
            endpoint: whose calls: ``refresh``, ``user_info``; "" for all.
        """
        with self.live.look():
            return self.router.ledger.after(after, endpoint=endpoint)

    def webhooks(self) -> list[Dispatch]:
        """Return the latest webhooks and what became of each."""
        with self.live.look():
            return self.router.courier.outbox.rows()

    def send_webhook(
        self,
        event: str = "authorization.removed",
        content: Mapping[str, object] | None = None,
        *,
        person: str = "mina",
        client_key: str = DEFAULT_APP.client_key,
    ) -> None:
        """Tell an app of an event that has not happened.

        Raises:
            ValidationError: there is no such app or person, or the app has no address.
        """
        with self.live as (world, now):
            who, app = _person(world, person), _app(world, client_key)
            if app.webhook_url is None:
                raise invalid_argument(
                    f"The app {client_key} has no webhook_url.",
                    "Register it anew with one: an http address of this machine.",
                )
            details = {"reason": Reason.UNKNOWN} if content is None else content
            world.notify(now, client_key, event, who.person_id, details)

    def export_state(self) -> bytes:
        """Return the world and its faults as JSON. It holds the secrets of its apps."""
        with self.live.look() as (world, _):
            return export_world(world, self.live.ahead, self.router.faults.rules)

    def import_state(self, exported: bytes) -> None:
        """Go on with an exported world: its faults are armed again, the ledger is empty.

        Raises:
            ValidationError: this is none.
        """
        self.router.reset(*import_world(exported))

    def _new_world(self) -> World:
        # Reproducible tokens are worth having in a world where nothing is real.
        dice = random.SystemRandom() if self._seed is None else random.Random(self._seed)  # noqa: S311
        world = World(dice, knobs=self._knobs)
        world.pace = world.pace.at_rate(self._clock_rate or 1, machine=0.0)
        return world


def _person(world: World, person_id: str) -> Person:
    person = world.people.get(person_id)
    if person is None:
        raise invalid_argument(f"Nobody here is {person_id!r}.")
    return person


def _app(world: World, client_key: str) -> App:
    app = world.apps.get(client_key)
    if app is None:
        raise invalid_argument(f"There is no app {client_key!r}.")
    return app


def _consent(
    world: World,
    client_key: str,
    person_id: str,
    scopes: Iterable[str],
    redirect_uri: str | None = None,
    code_challenge: str | None = None,
) -> Consent:
    app, person = _app(world, client_key), _person(world, person_id)
    wanted = tuple(scopes)
    _check_scopes(app, wanted)
    if person.status != "active":
        raise invalid_argument(f"The account of {person_id} is {person.status}.")
    return Consent(client_key, person_id, wanted, redirect_uri, code_challenge)


def _check_scopes(app: App, wanted: Iterable[str]) -> None:
    if unknown := sorted(set(wanted) - set(app.scopes)):
        raise invalid_argument(
            f"The app {app.client_key} has no scope {unknown[0]!r}.",
            f"It has {', '.join(app.scopes)}.",
        )
