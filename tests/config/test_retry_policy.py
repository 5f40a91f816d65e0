"""What a RetryPolicy may be."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tiktok_oauth.config import RetryPolicy
from tiktok_oauth.errors import ValidationError

NO_NUMBERS: list[object] = [-0.1, math.nan, math.inf, -math.inf, "1", None, True, 10**400, []]


def each(name: str, *values: object) -> list[tuple[str, object]]:
    """The same setting with each of several values."""
    return [(name, value) for value in values]


def test_default_is_three_attempts() -> None:
    """By default: at once, after 100 ms, after 200 ms; no jitter; up to 30 s of Retry-After."""
    assert RetryPolicy() == RetryPolicy(3, 0.1, 2.0, 2.0, "none", 30.0)


@pytest.mark.parametrize(
    "settings",
    [
        {"attempts": 1},
        {"attempts": 10},
        {"base_delay": 0},
        {"base_delay": 60},
        {"factor": 1},
        {"factor": 10},
        {"max_delay": 0},
        {"max_delay": 300},
        {"max_retry_after": 0},
        {"max_retry_after": 3600},
        {"jitter": "full"},
        {"jitter": "additive"},
    ],
)
def test_bounds_are_inside(settings: dict[str, Any]) -> None:
    """The bounds themselves are allowed."""
    assert RetryPolicy(**settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *each("attempts", 0, -1, 11, 1.5, "3", None, True, 10**400, math.nan),
        *each("base_delay", *NO_NUMBERS),
        *each("factor", *NO_NUMBERS),
        *each("max_delay", *NO_NUMBERS),
        *each("max_retry_after", *NO_NUMBERS),
        *each("jitter", "some", "", None, 1, True, [], {}),
    ],
)
def test_anything_else_is_refused_by_name(name: str, value: object) -> None:
    """A wrong setting is a ValidationError that names the setting."""
    with pytest.raises(ValidationError, match=name):
        RetryPolicy(**{name: value})  # type: ignore[arg-type]  # wrong on purpose


def test_factor_is_no_number_of_seconds() -> None:
    """The sentence about a factor does not speak of seconds."""
    with pytest.raises(ValidationError) as caught:
        RetryPolicy(factor=0.5)

    assert "seconds" not in caught.value.message
