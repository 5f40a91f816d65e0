"""Judge the coverage of a whole test run, and say out of how much each figure is.

Reads what ``make test`` leaves in a folder: ``coverage.json``, ``collected.txt`` (the names of
all tests there are) and one JUnit file per suite. Exits with 1 if a gate does not hold.
"""

from __future__ import annotations

import json
import sys
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

WHOLE_ROOMS = ("protocol/", "policy.py", "engine/")
"""The rooms without I/O: nothing keeps a test from reaching every branch of them."""

OVERALL = 95.0
"""Per cent of statements and branches covered, over the whole package."""

FAST_MEAN = 15.0
"""Milliseconds that a fast test may take on average, under coverage and on any machine.

The mean and not each test: whichever comes first pays for what others import after it.
"""


class Summary(TypedDict):
    """The part of coverage's report we read, as it stands there."""

    num_statements: int
    missing_lines: int
    excluded_lines: int
    num_branches: int
    missing_branches: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """What was covered out of what, in some set of files."""

    statements: int
    branches: int
    missing: int
    excluded: int

    @classmethod
    def of(cls, summaries: list[Summary]) -> Coverage:
        """The sum over some files."""
        return cls(
            statements=sum(s["num_statements"] for s in summaries),
            branches=sum(s["num_branches"] for s in summaries),
            missing=sum(s["missing_lines"] + s["missing_branches"] for s in summaries),
            excluded=sum(s["excluded_lines"] for s in summaries),
        )

    @property
    def percent(self) -> float:
        """Covered statements and branches in a hundred; files without either count as covered."""
        counted = self.statements + self.branches
        return 100.0 * (counted - self.missing) / counted if counted else 100.0

    def __str__(self) -> str:
        return (
            f"{self.percent:.2f} % of {self.statements} statements and {self.branches} branches"
            f" ({self.excluded} lines excluded)"
        )


def judge_coverage(files: dict[str, Summary]) -> list[str]:
    """Print the coverage of each gated room and of all; return the gates that do not hold."""
    broken = []
    for room in WHOLE_ROOMS:
        inside = {
            name: summary for name, summary in files.items() if f"/tiktok_oauth/{room}" in name
        }
        covered = Coverage.of(list(inside.values()))
        print(f"coverage of {room}: {covered}")
        if not inside:
            broken.append(f"{room} has no file: the gate is looking in the wrong place")
        broken += [
            f"{name} is not covered whole"
            for name, summary in inside.items()
            if summary["missing_lines"] or summary["missing_branches"]
        ]
    overall = Coverage.of(list(files.values()))
    print(f"coverage overall: {overall}")
    if overall.percent < OVERALL:
        broken.append(f"overall coverage is below {OVERALL:.0f} %")
    return broken


def outcome_of(case: ET.Element) -> str:
    """How one test ended."""
    parts = {part.tag for part in case}
    if parts & {"failure", "error"}:
        return "failed"
    return "skipped" if "skipped" in parts else "passed"


def count_tests(reports: Path) -> list[str]:
    """Print how many tests ran in each suite and in all; return the gates that do not hold."""
    outcomes: dict[tuple[str, str], str] = {}
    for report in sorted(reports.glob("*.xml")):
        suite = ET.parse(report).getroot()[0]  # noqa: S314 - pytest wrote it a moment ago
        print(f"{report.stem} suite: {suite.get('tests')} tests in {suite.get('time')} s")
        for case in suite.iter("testcase"):
            outcomes[case.get("classname", ""), case.get("name", "")] = outcome_of(case)
    names = (reports / "collected.txt").read_text().splitlines()
    collected = sum("::" in name for name in names)
    results = list(outcomes.values())
    passed, failed, skipped = (results.count(word) for word in ("passed", "failed", "skipped"))
    print(f"{collected} tests collected, {collected - len(results)} never ran")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return ["some tests never ran"] if collected != len(results) else []


def judge_pace(report: Path) -> list[str]:
    """Print what a fast test takes on average; return the gate if it does not hold."""
    cases = list(ET.parse(report).getroot().iter("testcase"))  # noqa: S314 - as above
    times = sorted(((float(case.get("time", 0)), case) for case in cases), key=lambda of: -of[0])
    mean = 1000 * sum(time for time, _ in times) / max(len(times), 1)
    print(f"a fast test takes {mean:.1f} ms on average")
    if mean <= FAST_MEAN:
        return []
    slowest = [f"{case.get('classname')}::{case.get('name')}" for _, case in times[:10]]
    return [f"fast tests take more than {FAST_MEAN:.0f} ms on average: {', '.join(slowest)}"]


def main(folder: str) -> int:
    """Judge the run whose reports stand in ``folder``."""
    reports = Path(folder)
    coverage = json.loads((reports / "coverage.json").read_text())
    broken = judge_coverage({name: file["summary"] for name, file in coverage["files"].items()})
    broken += count_tests(reports)
    broken += judge_pace(reports / "fast.xml")
    for gate in broken:
        print(f"gate: {gate}", file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
