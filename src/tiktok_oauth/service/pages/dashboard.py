"""The dashboard: figures, live charts, what is due, and what failed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tiktok_oauth.errors import TikTokErrorCode
from tiktok_oauth.service.pages.drawing import polyline, round_top, strip
from tiktok_oauth.service.words import dashboard as words
from tiktok_oauth.vault.stores.rows import AccountQuery

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request

    from tiktok_oauth.service.figures.values import Figures, Sample
    from tiktok_oauth.service.pages.stage import Stage

_CODES = tuple(str(code) for code in TikTokErrorCode)
_LATE = 60.0
_FAILING = 0.05
_ENOUGH = 20
"""Calls below which a rate says nothing."""
_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Health:
    """How it all goes, in a sentence."""

    mood: str
    icon: str
    title: str
    detail: str


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart as it is drawn without a script.

    Attributes:
        name: by which the script knows what to draw.
        series: names, and the points of their lines.
    """

    name: str
    title: str
    unit: str
    top: float
    series: tuple[tuple[str, str], ...]


def routes(stage: Stage) -> list[Route]:
    """The dashboard, and the front door that leads to it."""
    views = _Views(stage)
    return [
        Route("/", stage.private(views.front), methods=["GET"]),
        Route("/dashboard", stage.private(views.dashboard), methods=["GET"]),
    ]


class _Views:
    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._office = stage.office

    async def front(self, _request: Request) -> Response:
        """Lead to the dashboard; to connecting, while there is nothing to show there."""
        page = await asyncio.to_thread(self._office.store.page, AccountQuery(limit=1))
        return RedirectResponse("/dashboard" if page else "/connect", 303)

    async def dashboard(self, request: Request) -> Response:
        """Show the figures of all processes."""
        board = self._office.board
        figures, history = board.figures(), board.history()
        census = figures.census
        return self._stage.page(
            request,
            "dashboard",
            figures=figures,
            health=health(figures),
            accounts=census.accounts if census else {},
            charts=charts(history),
            history=columns(history),
            codes=code_counts(history),
            strip=strip(census.ahead, census.at) if census else None,
            circuit=words.CIRCUITS.get(figures.refresher.breaker if figures.refresher else ""),
            failures=figures.failures[:_SHOWN],
            wall=figures.at,
        )


def health(figures: Figures) -> Health:
    """What the head of the dashboard says: the worst there is, or that all is well."""
    refresher, calls = figures.refresher, figures.calls
    if refresher is not None and refresher.alarm:
        return Health("bad", "alert", words.ALARM, words.ALARM_DETAIL)
    if refresher is not None and refresher.breaker != "closed":
        return Health("bad", "alert", words.OPEN, words.OPEN_DETAIL)
    if not figures.is_refreshing:
        return Health("note", "clock", words.NO_REFRESHER, words.NO_REFRESHER_DETAIL)
    if refresher is not None and refresher.lag > _LATE:
        return Health("note", "clock", words.LATE, words.LATE_DETAIL)
    if calls.requests >= _ENOUGH and calls.error_rate > _FAILING:
        return Health("note", "alert", words.FAILING, words.FAILING_DETAIL)
    if figures.census is not None and not sum(figures.census.accounts.values()):
        return Health("good", "check", words.CALM_NONE, words.CALM_NONE_DETAIL)
    return Health("good", "check", words.CALM, words.CALM_DETAIL)


def columns(history: Sequence[Sample]) -> str:
    """The samples by column, as the script reads them."""
    return msgspec.json.encode([row(sample) for sample in history]).decode()


def row(sample: Sample) -> list[float | None]:
    """One sample: time, requests, three latencies, lag, then the errors by code.

    While nothing was called there is no latency, and nothing is drawn.
    """
    latencies = (sample.p50_ms or None, sample.p95_ms or None, sample.p99_ms or None)
    return [
        sample.at,
        sample.requests,
        *latencies,
        sample.lag,
        *(sample.errors.get(code, 0) for code in _CODES),
    ]


def code_counts(history: Sequence[Sample]) -> list[tuple[str, int]]:
    """How many errors of each code there were."""
    return [(code, sum(sample.errors.get(code, 0) for sample in history)) for code in _CODES]


def charts(history: Sequence[Sample]) -> list[Chart]:
    """The four charts."""
    errors = [(code, [s.errors.get(code, 0) for s in history]) for code in _CODES]
    return [
        _chart(
            "requests",
            words.REQUESTS,
            words.REQUESTS_UNIT,
            [(words.REQUESTS, [sample.requests for sample in history])],
        ),
        _chart(
            "latency",
            words.LATENCY,
            words.LATENCY_UNIT,
            [
                (words.P50, [sample.p50_ms for sample in history]),
                (words.P95, [sample.p95_ms for sample in history]),
                (words.P99, [sample.p99_ms for sample in history]),
            ],
        ),
        _chart("errors", words.ERROR_CODES, words.ERROR_CODES_UNIT, errors),
        _chart("lag", words.LAG, words.LAG_UNIT, [(words.LAG, [sample.lag for sample in history])]),
    ]


def _chart(
    name: str, title: str, unit: str, series: Sequence[tuple[str, Sequence[float]]]
) -> Chart:
    top = round_top([value for _, values in series for value in values])
    drawn = ((label, polyline(values, top)) for label, values in series)
    return Chart(name, title, unit, top, tuple(drawn))
