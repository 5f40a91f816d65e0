"""``LoginStart``: where to send a person, and what ties them to their browser. Imports nothing."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class LoginStart:
    """Where to send the person, and what to tie to their browser.

    Attributes:
        url: TikTok's authorization URL.
        binding: set it as a cookie (HttpOnly, Secure, SameSite=Lax, ten minutes) in the response
            that redirects, one cookie a login; hand it to ``finish_login``.
    """

    url: str
    binding: str = field(repr=False)
