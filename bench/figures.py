"""A measured figure beside its bound, and the table and file they end up in."""

from __future__ import annotations

import json
import operator
import statistics
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Quartile = Literal["lower", "upper"]

_COMPARE = {"<=": operator.le, ">=": operator.ge}
_COLUMNS = ("figure", "measured", "bound", "", "noise", "out of", "method")
_REASON = 60
"""Characters of a sentence that says why a figure is missing."""


@dataclass(frozen=True, slots=True)
class Bound:
    """What a figure must not pass."""

    sign: Literal["<=", ">="]
    limit: float


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table.

    Attributes:
        name: what was measured.
        value: the figure itself; None where it could not be measured.
        unit: what it counts.
        noise: how far repetitions lie apart, or why there is no value.
        out_of: over how many calls or runs.
        method: how it was measured.
        bound: what is promised; None for a figure that stands beside the others.
    """

    name: str
    value: float | None
    unit: str
    noise: str
    out_of: str
    method: str
    bound: Bound | None = None

    @property
    def verdict(self) -> str:
        """Whether the promise is kept."""
        if self.value is None:
            return "not measured"
        if self.bound is None:
            return ""
        return "met" if _COMPARE[self.bound.sign](self.value, self.bound.limit) else "missed"

    @property
    def is_broken(self) -> bool:
        """Whether there is a promise that is not proven to be kept."""
        return self.bound is not None and self.verdict != "met"

    @property
    def cells(self) -> tuple[str, ...]:
        """The line's texts, column by column."""
        value = "-" if self.value is None else f"{show(self.value)} {self.unit}"
        bound = "" if self.bound is None else f"{self.bound.sign} {show(self.bound.limit)}"
        return self.name, value, bound, self.verdict, self.noise, self.out_of, self.method


@dataclass(frozen=True, slots=True)
class Spread:
    """The same figure measured several times."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """The one in the middle."""
        return statistics.median(self.values)

    def quartile(self, which: Quartile) -> float:
        """A quarter of them are lower, or higher."""
        if len(self.values) == 1:
            return self.values[0]
        lower, _, upper = statistics.quantiles(self.values, n=4, method="inclusive")
        return lower if which == "lower" else upper

    def __str__(self) -> str:
        return f"{show(min(self.values))} to {show(max(self.values))}"


Found = Spread | str
"""A measurement, or a sentence why there is none."""


def ratio(above: Found, below: Found) -> Found:
    """Round by round, so that what slows a whole round down cancels."""
    if isinstance(above, str):
        return above
    if isinstance(below, str):
        return below
    return Spread(tuple(a / b for a, b in zip(above.values, below.values, strict=True)))


def minus(more: Found, less: Found) -> Found:
    """Round by round."""
    if isinstance(more, str):
        return more
    if isinstance(less, str):
        return less
    return Spread(tuple(a - b for a, b in zip(more.values, less.values, strict=True)))


@dataclass(frozen=True, slots=True)
class Method:
    """How figures were measured.

    Attributes:
        words: how.
        out_of: over how many calls or runs.
        quiet: the figure is the lower quartile of the rounds, or the upper one of a rate: other
            programs of the machine only ever make a time longer. The median then stands beside the
            noise.
    """

    words: str
    out_of: str
    quiet: Quartile | None = None

    def figure(self, name: str, found: Found, unit: str, bound: Bound | None = None) -> Figure:
        """The line for the median of a measurement, or for a quartile."""
        if isinstance(found, str):
            return Figure(name, None, unit, found[:_REASON], self.out_of, self.words, bound)
        value, noise = found.median, str(found) if len(found.values) > 1 else ""
        if self.quiet and noise:
            value, noise = found.quartile(self.quiet), f"{noise}, median {show(value)}"
        return Figure(name, value, unit, noise, self.out_of, self.words, bound)


def show(value: float) -> str:
    """Three digits that count, whole numbers from a hundred on."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"  # noqa: PLR2004 - see above


def count_verdicts(figures: Sequence[Figure]) -> str:
    """How many promises there are, and how many are kept."""
    verdicts = [figure.verdict for figure in figures if figure.bound is not None]
    counts = (f"{verdicts.count(word)} {word}" for word in ("met", "missed", "not measured"))
    return f"{len(verdicts)} bounds: {', '.join(counts)}"


def print_table(title: str, figures: Sequence[Figure]) -> None:
    """One line each, under a title."""
    rows = [_COLUMNS, *(figure.cells for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    print(f"\n{title}")
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())


def write_figures(path: Path, figures: Sequence[Figure]) -> None:
    """The same as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [asdict(figure) | {"verdict": figure.verdict} for figure in figures]
    path.write_text(json.dumps(rows, indent=1) + "\n", "utf-8")
