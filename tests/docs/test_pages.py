"""The programs on our pages run as they stand."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tiktok_oauth import Sandbox, TikTokOAuth

pytestmark = pytest.mark.slow
"""Starts servers."""

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)


def program(page: Path) -> str:
    """All Python blocks of a page: what a reader who follows it to the letter has typed."""
    return "\n".join(BLOCK.findall(page.read_text("utf-8")))


def a_login(sandbox: Sandbox) -> dict[str, object]:
    """What a how-to takes for granted: a client, and the tokens of a person."""
    client = TikTokOAuth()
    start = client.get_authorization_url()
    query = parse_qs(urlsplit(sandbox.authorize(start.url)).query)
    tokens = client.exchange_code_for_tokens(query["code"][0], code_verifier=start.code_verifier)
    return {
        "client": client,
        "access_token": tokens.access_token,
        "refresh_token": tokens.refresh_token,
    }


PAGES = [
    page for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))) if program(page)
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_pages_code_runs(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Typed in from top to bottom, a page's code runs against the sandbox."""
    with Sandbox() as sandbox:
        monkeypatch.setenv("TIKTOK_CLIENT_KEY", sandbox.client_key)
        monkeypatch.setenv("TIKTOK_CLIENT_SECRET", sandbox.client_secret)
        monkeypatch.setenv("TIKTOK_REDIRECT_URI", "http://127.0.0.1:8000/callback")
        monkeypatch.setenv("TIKTOK_BASE_URL", sandbox.base_url)
        monkeypatch.setenv("TIKTOK_AUTHORIZE_URL", sandbox.authorize_url)

        names = {"__name__": "__main__", **a_login(sandbox)}
        exec(compile(program(page), page.name, "exec"), names)  # noqa: S102 - our own pages


def test_the_readme_shows_code() -> None:
    """The README is among the pages whose code is run."""
    assert ROOT / "README.md" in PAGES
