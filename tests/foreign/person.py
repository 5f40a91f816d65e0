"""A person with a browser, whom somebody else's client sends to the sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit
from urllib.request import urlopen

if TYPE_CHECKING:
    from tiktok_oauth.sandbox.serve import Sandbox


def consent(sandbox: Sandbox, url: str, *scopes: str) -> str:
    """Open the consent page, allow these scopes or else all, and return the callback URL."""
    page = _open(sandbox, url)
    assert "error" not in query_of(page), page
    return sandbox.authorize(page, scopes=scopes or None)


def refusal(sandbox: Sandbox, url: str) -> dict[str, str]:
    """Return what TikTok's own error page says; the app never hears of it."""
    said = query_of(_open(sandbox, url))
    assert said.pop("logid")
    return said


def query_of(url: str) -> dict[str, str]:
    """Return the query of an address."""
    return dict(parse_qsl(urlsplit(url).query))


def _open(sandbox: Sandbox, url: str) -> str:
    """Follow redirects as a browser does, and return the address of the page that came."""
    assert url.startswith(sandbox.base_url)
    with urlopen(url, timeout=10) as page:  # noqa: S310 - an address of the sandbox
        return str(page.url)
