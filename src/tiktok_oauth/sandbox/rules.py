"""Which faults are switched on, for whom, and how often they still play."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType, ValidationError, convert

from tiktok_oauth.errors import invalid_argument
from tiktok_oauth.sandbox.api import ENDPOINTS, GRANT_TYPES
from tiktok_oauth.sandbox.faults import FAULTS, WEBHOOK

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tiktok_oauth.sandbox.http import Answer
    from tiktok_oauth.sandbox.notices import Notice
    from tiktok_oauth.sandbox.visit import Visit
    from tiktok_oauth.sandbox.world import World

AUTHORIZE = "authorize"
TARGETS = tuple(
    sorted({AUTHORIZE, *(e.name for e in ENDPOINTS.values()), *GRANT_TYPES.values(), WEBHOOK})
)
"""What a fault can be for. ``token`` stands for all three calls on the token endpoint."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A fault that is switched on.

    Attributes:
        fault: its name.
        endpoint: where it plays; "" for every endpoint of the API, or every webhook.
        account: the person_id or open_id it is for; "" for everybody.
        count: how often it plays; None for ever.
        probability: how likely it plays each time.
        seed: makes its chances the same in every run.
        seconds: how long it lasts, or how far it jumps.
        status: the HTTP status it answers with.
        retry_after: seconds to put into a Retry-After header.
        field: the field that goes missing.
    """

    fault: str
    endpoint: str
    account: str
    count: int | None
    probability: float
    seed: int
    seconds: float
    status: int
    retry_after: int | None
    field: str


class _Asked(Struct, forbid_unknown_fields=True):
    fault: str
    endpoint: str = ""
    account: Annotated[str, Meta(max_length=200)] = ""
    count: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    probability: Annotated[float, Meta(ge=0, le=1)] = 1.0
    seed: Annotated[int, Meta(ge=0, le=2**62)] = 0
    seconds: Annotated[float, Meta(ge=0, le=31_536_000)] | UnsetType = UNSET
    status: Annotated[int, Meta(ge=200, le=599)] | UnsetType = UNSET
    retry_after: Annotated[int, Meta(ge=0, le=86_400)] | None = None
    field: Annotated[str, Meta(max_length=100)] = ""


def make_rule(asked: Mapping[str, object], *, strict: bool = True) -> Rule:
    """Return a rule with the fault's own defaults filled in.

    Args:
        asked: the rule's fields; only ``fault`` has to be there.
        strict: whether numbers have to be numbers; text will do for a command line.

    Raises:
        ValidationError: there is no such fault or endpoint, or a value is out of range.
    """
    try:
        rule = convert(asked, _Asked, strict=strict)
    except ValidationError as wrong:
        message = str(wrong)
    else:
        return _complete(rule)
    raise invalid_argument(message)


def parse_rule(text: str) -> Rule:
    """Return the rule that ``NAME`` or ``NAME:key=value,key=value`` stands for.

    Raises:
        ValidationError: as ``make_rule``.
    """
    name, _, options = text.partition(":")
    pairs = (option.partition("=") for option in options.split(",") if options)
    return make_rule({"fault": name, **{key: value for key, _, value in pairs}}, strict=False)


class _Active:
    """A rule in use."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        # The same chances in every run are the point.
        self._dice = random.Random(rule.seed)  # noqa: S311

    def plays(self) -> bool:
        """Roll the dice, and count."""
        if self._dice.random() >= self.rule.probability:
            return False
        if self.rule.count is not None:
            self.rule = replace(self.rule, count=self.rule.count - 1)
        return True

    @property
    def is_over(self) -> bool:
        """Whether it has played as often as it should."""
        return self.rule.count == 0


class Faults:
    """The rules in force, first come first played; one fault a call."""

    def __init__(self) -> None:
        self._active: list[_Active] = []

    @property
    def rules(self) -> list[Rule]:
        """The rules in force, with how often each still plays."""
        return [active.rule for active in self._active]

    def add(self, rule: Rule) -> None:
        """Switch a fault on."""
        self._active.append(_Active(rule))

    def remove(self, name: str) -> None:
        """Switch every fault of this name off."""
        self._active = [active for active in self._active if active.rule.fault != name]

    def clear(self) -> None:
        """Switch every fault off."""
        self._active.clear()

    def play(self, visit: Visit, endpoint: str, handle: Callable[[], Answer]) -> Answer:
        """Answer a call, with the fault that is for it, if any.

        Args:
            visit: the call.
            endpoint: the endpoint's name; the visit's may say more (``refresh``).
            handle: answers as if nothing was wrong.
        """
        names = {visit.endpoint, endpoint}
        if endpoint != AUTHORIZE:
            names.add("")
        rule = self._draw(names, lambda: visit.account, on_webhooks=False)
        play = FAULTS[rule.fault].play if rule else None
        if rule is None or play is None:
            return handle()
        visit.fault = rule.fault
        return play(visit, rule, handle)

    def for_notice(self, world: World, notice: Notice) -> Rule | None:
        """Return the fault that is for an event."""

        def account() -> tuple[str, str]:
            return world.person_of(notice.client_key, notice.open_id), notice.open_id

        return self._draw({"", WEBHOOK}, account, on_webhooks=True)

    def _draw(
        self, names: set[str], account: Callable[[], tuple[str, str]], *, on_webhooks: bool
    ) -> Rule | None:
        for active in self._active:
            rule = active.rule
            if rule.endpoint not in names or (FAULTS[rule.fault].play is None) is not on_webhooks:
                continue
            if (not rule.account or rule.account in account()) and active.plays():
                if active.is_over:
                    self._active.remove(active)
                return rule
        return None


def _complete(asked: _Asked) -> Rule:
    fault = FAULTS.get(asked.fault)
    if fault is None:
        raise invalid_argument(
            f"There is no fault {asked.fault!r}.", f"There are {_names(FAULTS)}."
        )
    if asked.endpoint not in ("", *TARGETS):
        raise invalid_argument(
            f"There is no endpoint {asked.endpoint!r}.", f"There are {_names(TARGETS)}."
        )
    settled: dict[str, Any] = {
        "seconds": fault.seconds if asked.seconds is UNSET else asked.seconds,
        "status": fault.status if asked.status is UNSET else asked.status,
    }
    return Rule(
        asked.fault,
        asked.endpoint,
        asked.account,
        asked.count,
        asked.probability,
        asked.seed,
        retry_after=asked.retry_after,
        field=asked.field,
        **settled,
    )


def _names(known: Mapping[str, object] | tuple[str, ...]) -> str:
    return ", ".join(known)
