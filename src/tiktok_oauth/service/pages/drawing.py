"""Pictures that need no script: rows of numbers as SVG shapes, a day as a strip of cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tiktok_oauth.service.figures.values import QUARTER
from tiktok_oauth.service.pages.telling import time_of_day

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH = 600
HEIGHT = 150
_LEVELS = 4
_HOUR = 3_600


@dataclass(frozen=True, slots=True)
class Cell:
    """A quarter of an hour in the strip.

    Attributes:
        hour: its column.
        quarter: its row.
        level: how dark it is, 0 to 4.
    """

    hour: int
    quarter: int
    count: int
    level: int
    start: str


@dataclass(frozen=True, slots=True)
class Strip:
    """The next day, in quarters of an hour.

    Attributes:
        hours: how many columns there are.
        labels: the time of day at every third column.
        by_hour: time of day, and how many.
    """

    cells: tuple[Cell, ...]
    hours: int
    labels: tuple[str, ...]
    by_hour: tuple[tuple[str, int], ...]
    total: int


def polyline(values: Sequence[float], top: float) -> str:
    """The points of a line over the whole picture, ``top`` at its upper edge."""
    if len(values) < 2 or top <= 0:  # noqa: PLR2004 - one point is no line
        return ""
    step = WIDTH / (len(values) - 1)
    return " ".join(
        f"{place * step:.1f},{HEIGHT - value / top * HEIGHT:.1f}"
        for place, value in enumerate(values)
    )


def round_top(values: Sequence[float]) -> float:
    """A round number that no value exceeds; at least 1."""
    highest, top = max(values, default=0.0), 1.0
    while top < highest:
        top *= 2.5 if str(top).startswith("2") or str(top).startswith("4") else 2.0
    return top


def strip(ahead: Sequence[int], at: float) -> Strip:
    """Counts of the next quarters of an hour, as cells in columns of an hour."""
    first = at - at % QUARTER
    first_hour = first - first % _HOUR
    highest = max(ahead, default=0)
    cells: list[Cell] = []
    by_hour: dict[int, int] = {}
    for place, count in enumerate(ahead):
        start = first + place * QUARTER
        hour = int(start - first_hour) // _HOUR
        quarter = int(start % _HOUR // QUARTER)
        level = -(-count * _LEVELS // highest) if highest else 0
        cells.append(Cell(hour, quarter, count, level, time_of_day(start)))
        by_hour[hour] = by_hour.get(hour, 0) + count
    named = tuple(
        (time_of_day(first_hour + hour * _HOUR), count) for hour, count in by_hour.items()
    )
    # The last label would stand beyond the last column.
    labels = tuple(label for label, _ in named[: len(named) - 1 : 3])
    return Strip(tuple(cells), len(named), labels, named, sum(ahead))
