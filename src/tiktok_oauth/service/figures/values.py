"""The figures that pages, the API and the terminal show: frozen values, none holds a secret.

Times named ``at`` and ``since`` are Unix seconds of this machine's clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tiktok_oauth.types import MetricsSnapshot
    from tiktok_oauth.vault.fleet.progress import Progress

QUARTER = 900.0
QUARTERS = 96
"""How many quarters of an hour are in the day that a census looks ahead."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A call that failed.

    Attributes:
        tiktok_code: TikTok's own string, if it sent one.
        log_id: TikTok's, for its support.
    """

    at: float
    method: str
    code: str
    message: str
    tiktok_code: str | None
    log_id: str | None
    correlation_id: str


@dataclass(frozen=True, slots=True)
class Sample:
    """One second of all processes.

    Attributes:
        requests: calls that ended a second, over the last three.
        errors: how many calls ended in each code in this second.
        retries: attempts beyond the first ones.
        p50_ms: of the calls that asked TikTok in the last ten seconds; 0.0 when there were none.
            So are the other two.
        refreshed: accounts whose tokens were renewed.
        due: accounts that are due for a refresh.
        lag: seconds the most urgent of them is due for.
        breaker: ``closed`` while TikTok answers; empty without a refresher.
    """

    at: float
    requests: float
    errors: dict[str, int]
    retries: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    refreshed: int
    in_flight: int
    due: int
    lag: float
    breaker: str


@dataclass(frozen=True, slots=True)
class Census:
    """A look at all accounts, taken every quarter of a minute.

    Attributes:
        at: when, by token time: the sandbox's clock where one stands in for TikTok.
        accounts: how many there are by status.
        due: how many are due for a refresh.
        lag: seconds the most urgent of them is due for.
        ahead: how many access tokens come due in each quarter of an hour of the next day: a
            while before they end, so that one may be refreshed in time.
    """

    at: float
    accounts: dict[str, int]
    due: int
    lag: float
    ahead: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """The settings that figures are read beside.

    Attributes:
        timeout: seconds for one attempt.
        attempts: how often a call is tried.
        cache_ttl: seconds that a judgement of credentials is kept.
    """

    timeout: float = 10.0
    attempts: int = 3
    cache_ttl: float = 300.0


@dataclass(frozen=True, slots=True)
class Figures:
    """All processes of this host together. Counts never fall, whichever of them come and go.

    Attributes:
        since: when counting began.
        calls: calls to TikTok, in all and by method.
        failures: the last ones, newest first.
        refresher: its figures, with the counts of all that there were; None when there was none.
        is_refreshing: whether a refresher runs now.
        census: None before the first one.
        counters: everything else that is counted, e.g. webhooks.
        processes: how many run, by role.
    """

    at: float
    since: float
    limits: Limits
    calls: MetricsSnapshot
    failures: tuple[Failure, ...]
    refresher: Progress | None
    is_refreshing: bool
    census: Census | None
    counters: Mapping[str, int] = field(default_factory=dict)
    processes: Mapping[str, int] = field(default_factory=dict)
