"""Proof Key for Code Exchange (RFC 7636), as TikTok wants it: the challenge in lower-case hex.

RFC 7636 says base64url; TikTok's desktop page and both of its SDKs say hex
(developers.tiktok.com/doc/login-kit-desktop, read November 2026). With base64url the
authorization succeeds and the exchange fails with "Code verifier or code challenge is invalid".
"""

from __future__ import annotations

import re

_VERIFIER = re.compile(r"[A-Za-z0-9\-._~]{43,128}")


def is_verifier(value: object) -> bool:
    """Whether a value is a code verifier: 43 to 128 unreserved characters."""
    return isinstance(value, str) and _VERIFIER.fullmatch(value) is not None


def challenge_of(verifier: str) -> str:
    """The challenge for a verifier: its SHA-256 in lower-case hex."""
    from hashlib import sha256  # noqa: PLC0415 - it loads OpenSSL, which takes a while

    return sha256(verifier.encode("ascii")).hexdigest()
