"""Every figure the project promises, beside its bound: ``make bench``.

Prints a table for each kind of figure, writes ``build/bench.json``, and exits with 1 unless every
bound is met.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cpu
import instructions
import startup
from figures import count_verdicts, print_table, write_figures
from machine import description
from server import running_server

_REPORT = Path(__file__).parent.parent / "build" / "bench.json"
_LIBRARIES = (
    "aiohttp",
    "urllib3",
    "pyreqwest",
    "httpx2",
    "httpx",
    "requests",
    "Authlib",
    "msgspec",
)


def main() -> int:
    """Measure, print and write everything."""
    print(description(_LIBRARIES))
    figures = startup.measure()
    print_table("Time to start", figures)
    with running_server() as server:
        for title, measure in cpu.SECTIONS:
            section = measure(server)
            print_table(title, section)
            figures += section
    counted = instructions.measure()
    print_table("Instructions per code exchange", counted)
    figures += counted
    write_figures(_REPORT, figures)
    print(f"\n{count_verdicts(figures)}")
    return int(any(figure.is_broken for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
