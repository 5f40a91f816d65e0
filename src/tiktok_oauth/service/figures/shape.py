"""The figures as JSON: what ``GET /api/v1/metrics`` answers."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import TYPE_CHECKING

from tiktok_oauth.types import CallMetrics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tiktok_oauth.service.figures.values import Figures, Sample

Json = dict[str, object]


def as_json(figures: Figures, history: Sequence[Sample] = ()) -> Json:
    """Figures, and samples where there are some, as JSON's own types."""
    calls = figures.calls
    return {
        "at": figures.at,
        "since": figures.since,
        "limits": asdict(figures.limits),
        "calls": {
            **_calls(calls),
            "methods": {name: _calls(method) for name, method in calls.methods.items()},
        },
        "failures": [asdict(failure) for failure in figures.failures],
        "refresher": None if figures.refresher is None else asdict(figures.refresher),
        "is_refreshing": figures.is_refreshing,
        "census": None if figures.census is None else asdict(figures.census),
        "counters": dict(figures.counters),
        "processes": dict(figures.processes),
        "history": [asdict(sample) for sample in history],
    }


def _calls(calls: CallMetrics) -> Json:
    found: Json = {field.name: getattr(calls, field.name) for field in fields(CallMetrics)}
    return {**found, "errors": {code.value: count for code, count in calls.errors.items()}}
