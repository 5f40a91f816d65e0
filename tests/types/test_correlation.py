"""Correlation IDs: the caller's own, for a while."""

from __future__ import annotations

import asyncio
import contextvars
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiktok_oauth.correlation import correlation_id, current_correlation_id, is_correlation_id
from tiktok_oauth.errors import ValidationError


@pytest.mark.parametrize("value", ["a", "A-Z.a_z-0", "x" * 64, "tiktok-1699876543210-a1b2c3d4"])
def test_own_id_is_used_inside_the_block(value: str) -> None:
    """The caller's ID holds inside the block, and the one before it comes back."""
    assert current_correlation_id() is None
    with correlation_id("outer"), correlation_id(value) as used:
        assert current_correlation_id() == used == value
    assert current_correlation_id() is None


@pytest.mark.parametrize(
    "value", ["", "a b", "a\n", "é", "x" * 65, "a/b", "<script>", None, 5, b"abc", ["a"]]
)
def test_any_other_id_is_refused(value: object) -> None:
    """An ID that could break a log or a header is a ValidationError."""
    with (
        pytest.raises(ValidationError, match="correlation_id"),
        correlation_id(value),  # type: ignore[arg-type]  # wrong on purpose
    ):
        pass
    assert current_correlation_id() is None


def test_id_is_gone_after_a_failure() -> None:
    """The ID ends with its block, however the block ends."""
    with pytest.raises(KeyError), correlation_id("mine"):
        raise KeyError
    assert current_correlation_id() is None


def test_id_belongs_to_its_context() -> None:
    """Another context, as threads and tasks have, sees its own ID or none."""
    elsewhere = contextvars.copy_context()
    with correlation_id("mine"):
        assert elsewhere.run(current_correlation_id) is None


def test_tasks_keep_their_own_ids() -> None:
    """Tasks that run at the same time do not see each other's IDs."""

    async def task(name: str) -> str | None:
        with correlation_id(name):
            await asyncio.sleep(0)
            return current_correlation_id()

    async def both() -> list[str | None]:
        return list(await asyncio.gather(task("one"), task("two")))

    assert asyncio.run(both()) == ["one", "two"]


@given(st.text(max_size=70))
def test_good_ids_are_the_contracts(value: str) -> None:
    """Exactly 1 to 64 characters out of the contract's alphabet are an ID."""
    assert is_correlation_id(value) is bool(re.fullmatch(r"[A-Za-z0-9._-]{1,64}", value))
