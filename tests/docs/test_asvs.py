"""The matrix judges every requirement of ASVS 5.0.0's levels 1 and 2, once."""

from __future__ import annotations

import re

from tests.docs.pages import DOCS

LEVELS_1_AND_2 = """
    1.1:2 1.2:9 1.3:11 1.4:3 1.5:2
    2.1:3 2.2:3 2.3:4 2.4:1
    3.2:2 3.3:4 3.4:6 3.5:5 3.7:2
    4.1:3 4.2:1 4.3:2 4.4:4
    5.1:1 5.2:3 5.3:2 5.4:3
    6.1:3 6.2:12 6.3:4 6.4:4 6.5:5 6.6:3 6.8:4
    7.1:3 7.2:4 7.3:2 7.4:5 7.5:2 7.6:2
    8.1:2 8.2:3 8.3:1 8.4:1
    9.1:3 9.2:4
    10.1:2 10.2:2 10.3:4 10.4:11 10.5:5 10.6:2 10.7:3
    11.1:2 11.2:3 11.3:3 11.4:4 11.5:1 11.6:1
    12.1:3 12.2:2 12.3:4
    13.1:1 13.2:5 13.3:2 13.4:5
    14.1:2 14.2:4 14.3:3
    15.1:3 15.2:3 15.3:7
    16.1:1 16.2:5 16.3:4 16.4:3 16.5:3
    17.1:1 17.2:4 17.3:2
"""
"""Section and how many of its requirements are of level 1 or 2: always its first ones."""

DASH = "\N{EN DASH}"
ROW = re.compile(rf"^\| (\d+\.\d+)\.(\d+)(?:{DASH}\1\.(\d+))? \| (\S+) \|", re.MULTILINE)


def test_every_requirement_is_judged_once() -> None:
    """In order, with one of five words."""
    page = (DOCS / "explanation" / "asvs.md").read_text("utf-8")
    rows = ROW.findall(page)
    judged = [
        f"{section}.{number}"
        for section, first, last, _ in rows
        for number in range(int(first), int(last or first) + 1)
    ]

    wanted = [pair.split(":") for pair in LEVELS_1_AND_2.split()]
    assert judged == [f"{s}.{n}" for s, count in wanted for n in range(1, int(count) + 1)]
    assert f"{len(judged)} requirements" in page
    assert {word for *_, word in rows} == {"met", "service", "yours", "no", DASH}
