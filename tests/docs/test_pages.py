"""The programs on our pages run as they stand."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.docs.pages import DOCS, ROOT, name_of, pages, program
from tiktok_oauth import Sandbox, TikTokOAuth

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow
"""Starts servers."""

_TEST = re.compile(r"^def test_", re.MULTILINE)
PAGES = [page for page in pages() if program(page)]


def a_login(sandbox: Sandbox) -> dict[str, object]:
    """What a page may take for granted: a client, and the tokens of a person."""
    client = TikTokOAuth()
    start = client.get_authorization_url()
    query = parse_qs(urlsplit(sandbox.authorize(start.url)).query)
    tokens = client.exchange_code_for_tokens(query["code"][0], code_verifier=start.code_verifier)
    return {
        "client": client,
        "access_token": tokens.access_token,
        "refresh_token": tokens.refresh_token,
    }


def at_home(monkeypatch: pytest.MonkeyPatch, folder: Path, sandbox: Sandbox) -> None:
    """Make an empty folder the reader's, and the sandbox their TikTok."""
    monkeypatch.chdir(folder)
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(folder))
    monkeypatch.setenv("TIKTOK_CLIENT_KEY", sandbox.client_key)
    monkeypatch.setenv("TIKTOK_CLIENT_SECRET", sandbox.client_secret)
    monkeypatch.setenv("TIKTOK_REDIRECT_URI", "http://127.0.0.1:8000/callback")
    monkeypatch.setenv("TIKTOK_BASE_URL", sandbox.base_url)
    monkeypatch.setenv("TIKTOK_AUTHORIZE_URL", sandbox.authorize_url)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_pages_code_runs(page: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Typed in from top to bottom, a page's code runs against the sandbox."""
    with Sandbox() as sandbox:
        at_home(monkeypatch, tmp_path, sandbox)

        names = {"__name__": "__main__", **a_login(sandbox)}
        exec(compile(program(page), page.name, "exec"), names)  # noqa: S102 - our own pages


NAMED = ["connect-several-accounts.md", "run-the-refresher.md"]


@pytest.mark.parametrize("page", NAMED)
def test_a_page_makes_the_client_that_it_uses(
    page: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where a page begins with one, nothing is taken for granted but the environment."""
    with Sandbox() as sandbox:
        at_home(monkeypatch, tmp_path, sandbox)

        exec(compile(program(DOCS / "how-to" / page), page, "exec"), {"__name__": "__main__"})  # noqa: S102 - our own pages


TESTS = [page for page in PAGES if _TEST.search(program(page))]


@pytest.mark.parametrize("page", TESTS, ids=name_of)
def test_a_pages_tests_pass(page: Path, tmp_path: Path) -> None:
    """The tests that a page shows are run by pytest, with the fixtures it speaks of."""
    (tmp_path / "test_page.py").write_text(program(page), "utf-8")
    shown = len(_TEST.findall(program(page)))

    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert f"{shown} passed" in done.stdout, done.stdout + done.stderr


def test_the_readme_shows_code() -> None:
    """The README is among the pages whose code is run."""
    assert ROOT / "README.md" in PAGES
