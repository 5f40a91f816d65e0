"""The service's figures as bars in a terminal."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec
from rich.console import Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from tiktok_oauth.service.figures.values import (  # noqa: TC001 - read when figures are decoded
    Census,
    Failure,
    Limits,
    Sample,
)
from tiktok_oauth.vault.fleet.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

_WIDTH = 24
_SECONDS = 60
_STEPS = " ▁▂▃▄▅▆▇█"
_LATE = 60.0
_MANY_ERRORS = 0.05
_NARROW = 116


class ShownCalls(msgspec.Struct, frozen=True):
    """Calls to TikTok, as far as they are drawn."""

    requests: int
    errors: dict[str, int]
    success_rate: float
    error_rate: float
    retry_success_rate: float
    average_ms: float
    p50_ms: float
    p95_ms: float
    p99_ms: float


class Shown(msgspec.Struct, frozen=True):
    """The figures as ``GET /api/v1/metrics`` answers them, as far as they are drawn."""

    since: float
    limits: Limits
    calls: ShownCalls
    failures: tuple[Failure, ...]
    refresher: Progress | None
    is_refreshing: bool
    census: Census | None
    counters: dict[str, int]
    processes: dict[str, int]
    history: tuple[Sample, ...]


def draw(shown: Shown, width: int) -> RenderableType:
    """The whole dashboard.

    Args:
        shown: the figures.
        width: columns of the terminal.
    """
    panels = (
        _panel("Calls to TikTok", _rates(shown)),
        _panel("Duration", _durations(shown)),
        _panel("Refresher", _refresher(shown)),
        _panel("Accounts", _accounts(shown.census)),
        _panel("Errors by code", _errors(shown.calls.errors)),
        _panel("Webhooks", _counts(shown.counters, "webhooks_", "None yet.")),
    )
    columns = 1 if width < _NARROW else 2
    grid = Table.grid(expand=True, padding=(0, 1))
    for _ in range(columns):
        grid.add_column(ratio=1)
    for first in range(0, len(panels), columns):
        grid.add_row(*panels[first : first + columns])
    return Group(_headline(shown), grid, _panel("Last failures", _failures(shown.failures)))


def bar(share: float, style: str = "cyan") -> Text:
    """A share of 0 to 1 as a bar."""
    full = round(min(max(share, 0.0), 1.0) * _WIDTH)
    return Text.assemble(("█" * full, style), ("░" * (_WIDTH - full), "dim"))


def sparkline(values: Sequence[float]) -> str:
    """Values as columns of eighths, the greatest of them full."""
    most = max(values, default=0.0)
    if not most:
        return _STEPS[0] * len(values)
    last = len(_STEPS) - 1
    return "".join(_STEPS[min(last, -int(-value * last // most))] for value in values)


def _panel(title: str, content: RenderableType) -> Panel:
    return Panel(content, title=title, title_align="left", border_style="dim")


def _rows(*rows: tuple[str, RenderableType, str]) -> Table:
    table = Table.grid(padding=(0, 1))
    table.add_column(min_width=16)
    table.add_column(min_width=_WIDTH)
    table.add_column(justify="right")
    for name, drawn, value in rows:
        table.add_row(Text(name), drawn, Text(value))
    return table


def _headline(shown: Shown) -> Text:
    word, style = _state(shown)
    running = ", ".join(f"{count} {role}" for role, count in sorted(shown.processes.items()))
    since = time.strftime("%Y-%m-%d %H:%M", time.localtime(shown.since))
    return Text.assemble(
        (" tiktok-oauth ", "bold reverse"),
        " ",
        (word, style),
        (f"   {running or 'nothing runs'}, counting since {since}", "dim"),
    )


def _state(shown: Shown) -> tuple[str, str]:
    progress, census = shown.refresher, shown.census
    if not shown.is_refreshing or progress is None:
        return "No refresher reports", "bold red"
    if progress.alarm:
        return "Refreshing stands still after too many refusals", "bold red"
    if progress.breaker != "closed":
        return "TikTok is not answering", "bold red"
    if census is not None and census.lag > _LATE:
        return "Refreshes are late", "bold yellow"
    if shown.calls.error_rate > _MANY_ERRORS:
        return "Many calls fail", "bold yellow"
    return "Everything runs as it should", "bold green"


def _rates(shown: Shown) -> Table:
    calls, limits = shown.calls, shown.limits
    lately = [sample.requests for sample in shown.history[-_SECONDS:]]
    speed = sum(lately) / len(lately) if lately else 0.0
    return _rows(
        ("Requests", Text(sparkline(lately[-_WIDTH:])), f"{speed:.1f} /s, {calls.requests:,}"),
        ("Success rate", bar(calls.success_rate, "green"), f"{calls.success_rate:.2%}"),
        ("Error rate", bar(calls.error_rate, "red"), f"{calls.error_rate:.2%}"),
        ("Retry success", bar(calls.retry_success_rate), f"{calls.retry_success_rate:.2%}"),
        ("Request timeout", Text(""), f"{limits.timeout:g} s"),
        ("Retry attempts", Text(""), str(limits.attempts)),
        ("Cache TTL", Text(""), f"{limits.cache_ttl:g} s"),
    )


def _durations(shown: Shown) -> Table:
    calls = shown.calls
    found = (
        ("Average", calls.average_ms),
        ("Half within", calls.p50_ms),
        ("95 % within", calls.p95_ms),
        ("99 % within", calls.p99_ms),
    )
    most = max(value for _, value in found) or 1.0
    lately = [sample.p95_ms for sample in shown.history[-_WIDTH:]]
    now = f"{lately[-1] if lately else 0.0:.0f} ms"
    return _rows(
        *((name, bar(value / most), f"{value:,.0f} ms") for name, value in found),
        ("95 %, lately", Text(sparkline(lately)), now),
    )


def _refresher(shown: Shown) -> Table:
    progress = shown.refresher or Progress(shown.since)
    census = shown.census
    lag = 0.0 if census is None else census.lag
    circuit = progress.breaker if shown.is_refreshing else "-"
    return _rows(
        ("Circuit", Text(""), circuit),
        ("Lag", bar(lag / 300, "yellow"), f"{lag:,.0f} s"),
        ("Due now", Text(""), f"{0 if census is None else census.due:,}"),
        ("Under way", Text(""), f"{progress.in_flight:,} at {progress.rate:.0f} /s"),
        ("Refreshed", Text(""), f"{progress.refreshed:,}"),
        ("Refused", Text(""), f"{progress.refused:,}"),
        ("Lost", Text(""), f"{progress.lost:,}"),
    )


def _accounts(census: Census | None) -> RenderableType:
    if census is None:
        return Text("Not counted yet.", "dim")
    total = sum(census.accounts.values()) or 1
    hours = [float(sum(census.ahead[at : at + 4])) for at in range(0, len(census.ahead), 4)]
    return _rows(
        *(
            (status.replace("_", " "), bar(count / total), f"{count:,}")
            for status, count in sorted(census.accounts.items())
        ),
        ("Due in 24 hours", Text(sparkline(hours)), f"{sum(hours):,.0f}"),
    )


def _errors(errors: dict[str, int]) -> RenderableType:
    if not errors:
        return Text("No errors.", "dim")
    most = max(errors.values())
    ordered = sorted(errors.items(), key=lambda item: -item[1])
    return _rows(*((code, bar(count / most, "red"), f"{count:,}") for code, count in ordered))


def _counts(counters: dict[str, int], prefix: str, nothing: str) -> RenderableType:
    found = {n.removeprefix(prefix): c for n, c in counters.items() if n.startswith(prefix)}
    if not found:
        return Text(nothing, "dim")
    most = max(found.values()) or 1
    return _rows(
        *((name, bar(count / most), f"{count:,}") for name, count in sorted(found.items()))
    )


def _failures(failures: tuple[Failure, ...]) -> RenderableType:
    if not failures:
        return Text("No call has failed.", "dim")
    table = Table(box=None, expand=True, header_style="dim", padding=(0, 1))
    for title in ("when", "call", "error", "TikTok log ID", "correlation ID"):
        table.add_column(title, overflow="fold")
    for failure in failures[:8]:
        when = time.strftime("%H:%M:%S", time.localtime(failure.at))
        error = f"{failure.code} {failure.tiktok_code or ''}".rstrip()
        cells = (when, failure.method, error, failure.log_id or "-", failure.correlation_id)
        table.add_row(*(Text(_printable(cell)) for cell in cells))
    return table


def _printable(text: str) -> str:
    """Without what could steer a terminal: some of it comes from TikTok."""
    return "".join(mark if mark.isprintable() else "·" for mark in text)
