"""Who follows a tutorial to the letter, in an empty folder, ends where it says."""

from __future__ import annotations

import os
import subprocess
import sys
from doctest import ELLIPSIS, OutputChecker
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.docs.pages import DOCS, blocks, program
from tiktok_oauth import Sandbox

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

    from starlette.testclient import TestClient

pytestmark = pytest.mark.slow
"""Starts programs and servers."""

TUTORIAL = DOCS / "tutorial"


def run(folder: Path, page: str, file: str) -> str:
    """Type a page's program into a file and run it; returns what it prints."""
    (folder / file).write_text(program(TUTORIAL / page), "utf-8")
    home = {name: str(folder) for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME")}
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, file],
        cwd=folder,
        env={"PATH": os.environ["PATH"], **home},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def is_shown(said: str, page: str, number: int = 0) -> bool:
    """Whether a program said what the page shows, where ``...`` stands for anything."""
    shown = [block.text for block in blocks(TUTORIAL / page) if block.language == "text"]
    return OutputChecker().check_output(shown[number], said, ELLIPSIS)


def test_the_first_login(tmp_path: Path) -> None:
    """It prints what the page shows, and no token."""
    said = run(tmp_path, "first-login.md", "first_login.py")

    assert is_shown(said, "first-login.md"), said
    assert "act." not in said
    assert "rft." not in said


def test_keeping_tokens(tmp_path: Path) -> None:
    """Both runs print what the page shows: the second logs nobody in."""
    first = run(tmp_path, "keep-your-tokens.md", "keep_tokens.py")
    second = run(tmp_path, "keep-your-tokens.md", "keep_tokens.py")

    assert is_shown(first, "keep-your-tokens.md", 0), first
    assert is_shown(second, "keep-your-tokens.md", 1), second
    assert second.count("refreshed") > first.count("refreshed")
    assert {path.name for path in tmp_path.iterdir()} >= {
        "tiktok.json",
        "tiktok-oauth",
        "tokens.db",
        "tokens.db-answers",
    }


@pytest.fixture
def website(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module of the third page, in the environment that the page sets."""
    (tmp_path / "website.py").write_text(program(TUTORIAL / "behind-your-website.md"), "utf-8")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("TIKTOK_REDIRECT_URI", "http://127.0.0.1:8000/callback")
    monkeypatch.setenv("TIKTOK_OAUTH_DATABASE_URL", f"sqlite:///{tmp_path}/tokens.db")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "website", raising=False)
    import website as module  # type: ignore[import-not-found]  # noqa: PLC0415 - written a moment ago

    return module  # type: ignore[no-any-return]  # it is a module, which mypy cannot see


def browser(module: ModuleType) -> TestClient:
    """A browser that stays where it is sent."""
    from starlette.testclient import TestClient  # noqa: PLC0415 - slow to import

    return TestClient(module.app, "http://127.0.0.1:8000", follow_redirects=False)


def leave(browser: TestClient) -> str:
    """Press the button; returns TikTok's address."""
    left = browser.post("/connect", headers={"Sec-Fetch-Site": "same-origin"})
    assert left.status_code == 303
    return str(left.headers["location"])


def test_behind_a_website(website: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person is connected; a stolen callback is not, and the login can still be finished."""
    with Sandbox() as tiktok:
        monkeypatch.setenv("TIKTOK_CLIENT_KEY", tiktok.client_key)
        monkeypatch.setenv("TIKTOK_CLIENT_SECRET", tiktok.client_secret)
        monkeypatch.setenv("TIKTOK_BASE_URL", tiktok.base_url)
        monkeypatch.setenv("TIKTOK_AUTHORIZE_URL", tiktok.authorize_url)
        with browser(website) as ours, browser(website) as theirs:
            assert "nobody" in ours.get("/").text
            callback = urlsplit(tiktok.authorize(leave(ours)))
            back = f"{callback.path}?{callback.query}"

            stolen = theirs.get(back)
            assert stolen.status_code == 400
            assert "This callback belongs to no login that was started here." in stolen.text
            assert ours.get(back).headers["location"] == "/"
            assert "Connected: Mina Okafor" in ours.get("/").text
            assert "already finished" in ours.get(back).text or ours.get(back).status_code == 400


def test_a_link_on_another_page_begins_no_login(website: ModuleType) -> None:
    """Only our own page's form does."""
    asks = browser(website)

    assert asks.get("/connect").status_code == 405
    assert asks.post("/connect", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_two_tabs_can_log_in_at_once(website: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each login has a cookie of its own."""
    with Sandbox() as tiktok:
        monkeypatch.setenv("TIKTOK_CLIENT_KEY", tiktok.client_key)
        monkeypatch.setenv("TIKTOK_CLIENT_SECRET", tiktok.client_secret)
        monkeypatch.setenv("TIKTOK_BASE_URL", tiktok.base_url)
        monkeypatch.setenv("TIKTOK_AUTHORIZE_URL", tiktok.authorize_url)
        with browser(website) as ours:
            tabs = [leave(ours), leave(ours)]
            for url in tabs:
                callback = urlsplit(tiktok.authorize(url))
                assert ours.get(f"{callback.path}?{callback.query}").status_code == 303
