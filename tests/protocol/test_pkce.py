"""PKCE as TikTok wants it: the challenge is lower-case hex, not base64url."""

from __future__ import annotations

import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiktok_oauth.protocol.pkce import challenge_of, is_verifier

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"


@pytest.mark.parametrize(
    ("verifier", "challenge"),
    [
        # The test of TikTok's own Android SDK.
        (
            "gaeCq5mVvbhA8Ce6w5O9XBVIKMkySgv-_9A-rnhm9Ns",
            "e6a178b120743d08509508f269652b0bdf91e29332921bc9e9744fd3dd41bfef",
        ),
        # The tests of IvanBBaev/tiktok-mcp.
        (
            "tiktok-mcp-ai_pinned-pkce-vector_0123456789abcdefghijklmnopqrstuvwxyz",
            "6d737a2ebee1e9712ca50681cb2cb3ae5315985849a85cf11400a06b2fcbd91f",
        ),
    ],
)
def test_published_vectors(verifier: str, challenge: str) -> None:
    """The challenge equals what others publish for the same verifier."""
    assert challenge_of(verifier) == challenge


@given(st.text(ALPHABET, min_size=43, max_size=128))
def test_every_verifier_of_the_rfc_is_taken(verifier: str) -> None:
    """43 to 128 unreserved characters are a verifier, and its challenge is 64 hex digits."""
    assert is_verifier(verifier)
    assert re.fullmatch(r"[0-9a-f]{64}", challenge_of(verifier))
    assert challenge_of(verifier) == hashlib.sha256(verifier.encode()).hexdigest()


@pytest.mark.parametrize(
    "value",
    [
        *("", "a" * 42, "a" * 129, "a" * 42 + "+", "a" * 42 + "é", "a" * 43 + "\n"),
        *(None, 43, b"a" * 43, ["a"] * 43),
    ],
)
def test_anything_else_is_no_verifier(value: object) -> None:
    """Too short, too long, another character, another type: no verifier."""
    assert not is_verifier(value)


@pytest.mark.parametrize("length", [43, 128])
def test_bounds_are_inside(length: int) -> None:
    """43 and 128 characters are both a verifier."""
    assert is_verifier("~" * length)
