"""The reference page leaves nothing out."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from tiktok_oauth.sandbox.faults import FAULTS
from tiktok_oauth.sandbox.knobs import Knobs
from tiktok_oauth.sandbox.rules import TARGETS

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "sandbox.md").read_text("utf-8")


@pytest.mark.parametrize("name", [*FAULTS, *TARGETS, *(knob.name for knob in fields(Knobs))])
def test_everything_that_has_a_name_is_explained(name: str) -> None:
    """Each fault, endpoint and knob."""
    assert f"`{name}`" in PAGE


def test_the_defaults_are_those_of_the_knobs() -> None:
    """As the table has them."""
    rows = [
        [cell.strip(" `") for cell in line.split("|")[1:3]]
        for line in PAGE.split("## Knobs")[1].split("## Faults")[0].splitlines()
        if line.startswith("| `")
    ]

    assert dict(rows) == {
        knob.name: str(knob.default).lower() if knob.default in (True, False) else str(knob.default)
        for knob in fields(Knobs)
    }
