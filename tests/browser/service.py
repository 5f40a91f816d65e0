"""The real command beside a sandbox, and people in front of it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tiktok_oauth.sandbox.catalog import DEFAULT_APP
from tiktok_oauth.sandbox.serve import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

SCOPES = "user.info.basic,user.info.profile,user.info.stats,video.list"


@dataclass(frozen=True)
class Service:
    """A running service, in processes of its own.

    Attributes:
        url: where browsers find it: another host than the sandbox's, so that cookie mistakes show.
        link: the one-time link.
    """

    url: str
    link: str
    sandbox: Sandbox


@contextmanager
def running_service(directory: Path) -> Iterator[Service]:
    """Run ``tiktok-oauth serve`` for the app of a sandbox of this process."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://localhost:{free.getsockname()[1]}"
    with Sandbox(seed=1) as sandbox:
        sandbox.add_app(replace(DEFAULT_APP, webhook_url=f"{url}/webhooks/tiktok"))
        variables = {
            "TIKTOK_CLIENT_KEY": sandbox.client_key,
            "TIKTOK_CLIENT_SECRET": sandbox.client_secret,
            "TIKTOK_REDIRECT_URI": f"{url}/callback",
            "TIKTOK_SCOPES": SCOPES,
            "TIKTOK_BASE_URL": sandbox.base_url,
            "TIKTOK_AUTHORIZE_URL": sandbox.authorize_url,
        }
        with serving(directory, url.rpartition(":")[2], variables) as link:
            yield Service(url, link, sandbox)


@contextmanager
def serving(directory: Path, port: str, variables: dict[str, str]) -> Iterator[str]:
    """Run ``tiktok-oauth serve`` with nothing of this machine's settings; its one-time link."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TIKTOK_")}
    places = {f"XDG_{name}_HOME": str(directory / name) for name in ("CONFIG", "STATE")}
    with (
        # The path of a socket has to be short, and those of pytest's directories are long.
        tempfile.TemporaryDirectory(prefix="tto-") as meeting,
        subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "tiktok_oauth", "serve", "--port", port],
            env=clean | places | {"XDG_RUNTIME_DIR": meeting, "PYTHONUNBUFFERED": "1"} | variables,
            stdout=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None
        found = (re.search(r"http://\S+/signin/\S+", line) for line in process.stdout)
        try:
            yield next(match[0] for match in found if match)
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=20)
    assert process.returncode == 0


def connect(page: Page, service: Service, person: str, *refused: str, heading: str = "") -> None:
    """Connect somebody's account, without what they refuse; the page then has a heading."""
    page.goto(f"{service.url}/connect")
    page.get_by_role("button", name="Connect TikTok").click()
    page.get_by_label(person).check()
    for scope in refused:
        page.get_by_label(scope).uncheck()
    page.get_by_role("button", name="Allow").click()
    page.get_by_role("heading", name=heading or person).wait_for()


def reload_until(page: Page, text: str) -> None:
    """Load a page again until the service has heard of what its sandbox did."""
    for _ in range(100):
        page.reload()
        if text in page.inner_text("main"):
            return
    raise AssertionError(text)
