"""The figures as Prometheus reads them, of all processes of this host at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
)
from prometheus_client.registry import Collector

from tiktok_oauth.vault.fleet.progress import Progress
from tiktok_oauth.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from prometheus_client.core import Metric

    from tiktok_oauth.observe.tally import Tally
    from tiktok_oauth.service.figures.sheets import Totals
    from tiktok_oauth.vault.fleet.pacing import BreakerState
    from tiktok_oauth.vault.stores.rows import RowStatus

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Where the buckets of durations end, in seconds."""
_BREAKER: tuple[BreakerState, ...] = ("closed", "open", "probing", "trial")
_STATUSES: tuple[RowStatus, ...] = ("active", "needs_login", "disconnected", "blocked")


def as_text(totals: Totals) -> bytes:
    """The whole board in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(BoardCollector(totals))
    return generate_latest(registry)


class BoardCollector(Collector):
    """What was read from the board, as metrics.

    Args:
        totals: the board of a moment.
    """

    def __init__(self, totals: Totals) -> None:
        self._totals = totals

    def collect(self) -> Iterator[Metric]:
        """Every metric, also those that are still zero."""
        totals = self._totals
        yield InfoMetricFamily(
            "tiktok_oauth_build", "The release that runs.", value={"version": VERSION}
        )
        yield _by_label(
            GaugeMetricFamily("tiktok_oauth_processes", "Processes by role.", labels=["role"]),
            {"airlock": 0, "web": 0, **totals.processes},
        )
        yield from _calls(totals.counts.calls)
        progress = totals.progress or Progress(totals.at)
        yield from _refreshes(progress)
        yield from _refresher(progress, is_up=totals.is_refreshing)
        yield from _accounts(totals)
        yield from _webhooks(totals.counts.counters)


def _calls(calls: Mapping[str, Tally]) -> Iterator[Metric]:
    durations = HistogramMetricFamily(
        "tiktok_oauth_request_duration_seconds",
        "How long calls to TikTok took, retries and waits included.",
        labels=["method"],
    )
    errors = CounterMetricFamily(
        "tiktok_oauth_request_errors", "Calls that failed.", labels=["method", "code"]
    )
    retries = CounterMetricFamily(
        "tiktok_oauth_request_retries", "Attempts beyond the first ones.", labels=["method"]
    )
    retried = CounterMetricFamily(
        "tiktok_oauth_retried_requests",
        "Calls that needed more than one attempt.",
        labels=["method", "outcome"],
    )
    for method, tally in calls.items():
        steps = [(str(bound), float(tally.within(bound))) for bound in BOUNDS]
        durations.add_metric([method], [*steps, ("+Inf", tally.requests)], tally.seconds)
        for code, count in tally.errors.items():
            errors.add_metric([method, code.value], count)
        retries.add_metric([method], tally.retries)
        retried.add_metric([method, "succeeded"], tally.saved)
        retried.add_metric([method, "failed"], tally.retried - tally.saved)
    yield from (durations, errors, retries, retried)


def _refreshes(progress: Progress) -> Iterator[Metric]:
    yield CounterMetricFamily(
        "tiktok_oauth_rotations", "Refreshes that brought new tokens.", progress.refreshed
    )
    yield CounterMetricFamily(
        "tiktok_oauth_ambiguous",
        "Refreshes that TikTok may have handled, and whose answer nobody has.",
        progress.doubtful,
    )
    losses = CounterMetricFamily(
        "tiktok_oauth_losses",
        "Accounts that need a new login for the sake of an answer that never came.",
        labels=["stage"],
    )
    unsuccessful = CounterMetricFamily(
        "tiktok_oauth_unsuccessful_refreshes",
        "Refreshes that brought no tokens, and left no doubt.",
        labels=["reason"],
    )
    reasons = {
        "failed": progress.failed,
        "refused": progress.refused,
        "unsent": progress.unsent,
    }
    yield _by_label(losses, {"in_flight": progress.lost})
    yield _by_label(unsuccessful, reasons)


def _refresher(progress: Progress, *, is_up: bool) -> Iterator[Metric]:
    yield GaugeMetricFamily("tiktok_oauth_refresher_up", "Whether a refresher runs.", is_up)
    yield GaugeMetricFamily(
        "tiktok_oauth_refresher_alarm",
        "Whether it stands still after too many refusals.",
        progress.alarm,
    )
    yield GaugeMetricFamily(
        "tiktok_oauth_refreshes_in_flight", "Refreshes under way.", progress.in_flight
    )
    yield GaugeMetricFamily(
        "tiktok_oauth_refresh_rate_limit",
        "Refreshes a second that its pace allows.",
        progress.rate,
    )
    yield _by_label(
        GaugeMetricFamily(
            "tiktok_oauth_breaker_state",
            "1 for the state of the circuit breaker, while a refresher runs.",
            labels=["state"],
        ),
        {state: int(is_up and state == progress.breaker) for state in _BREAKER},
    )


def _accounts(totals: Totals) -> Iterator[Metric]:
    census = totals.census
    found = {} if census is None else census.accounts
    yield _by_label(
        GaugeMetricFamily("tiktok_oauth_accounts", "Accounts by status.", labels=["status"]),
        {status: found.get(status, 0) for status in _STATUSES},
    )
    yield GaugeMetricFamily(
        "tiktok_oauth_accounts_due",
        "Accounts that are due for a refresh.",
        value=0 if census is None else census.due,
    )
    yield GaugeMetricFamily(
        "tiktok_oauth_refresh_lag_seconds",
        "How long the most urgent account has been due.",
        value=0.0 if census is None else census.lag,
    )


def _webhooks(counters: Mapping[str, int]) -> Iterator[Metric]:
    received = CounterMetricFamily(
        "tiktok_oauth_webhooks", "Webhooks received, by what became of them.", labels=["outcome"]
    )
    relayed = CounterMetricFamily(
        "tiktok_oauth_webhook_relays", "Attempts to hand a webhook on.", labels=["outcome"]
    )
    yield _by_label(received, _named(counters, "webhooks_"))
    yield _by_label(relayed, _named(counters, "relays_"))


def _named(counters: Mapping[str, int], prefix: str) -> dict[str, int]:
    return {
        name.removeprefix(prefix): count
        for name, count in sorted(counters.items())
        if name.startswith(prefix)
    }


def _by_label(
    metric: CounterMetricFamily | GaugeMetricFamily, values: Mapping[str, int]
) -> CounterMetricFamily | GaugeMetricFamily:
    for label, value in values.items():
        metric.add_metric([label], value)
    return metric
