"""A website in a process of its own, and somebody with a browser in front of it."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from http.cookiejar import CookieJar
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPCookieProcessor, HTTPRedirectHandler, Request, build_opener

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiktok_oauth.sandbox.serve import Sandbox

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
PATIENCE = 60.0
"""Seconds until a website that does not answer has failed."""

_BLOCK = re.compile(
    r"^```(?:python|\{code-block\} python\n:caption: (?P<name>[^\n]+)\n)\n(?P<text>.*?)^```",
    re.DOTALL | re.MULTILINE,
)
_FORM = re.compile(r'<form method="post" action="([^"]+)">\s*<input type="hidden"([^>]*)>')


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def surroundings(sandbox: Sandbox, folder: Path, port: int) -> dict[str, str]:
    """The environment of somebody who keeps all in one folder, and has the sandbox as TikTok."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("TIKTOK_")}
    return kept | {
        "APP_KEY": "a key of the site's own, long enough",
        "SECRET_KEY": "a key of the site's own, long enough",
        "HOME": str(folder),
        "NO_PROXY": "127.0.0.1",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "TIKTOK_AUTHORIZE_URL": sandbox.authorize_url,
        "TIKTOK_BASE_URL": sandbox.base_url,
        "TIKTOK_CLIENT_KEY": sandbox.client_key,
        "TIKTOK_CLIENT_SECRET": sandbox.client_secret,
        "TIKTOK_OAUTH_DATABASE_URL": f"sqlite:///{folder}/tokens.db",
        "TIKTOK_REDIRECT_URI": f"http://127.0.0.1:{port}/tiktok/callback",
        "XDG_CONFIG_HOME": str(folder),
    }


def code_of(page: str) -> dict[str, str]:
    """The files that a page has its reader make; what has no name is one program."""
    files: dict[str, str] = {}
    for block in _BLOCK.finditer((ROOT / "docs" / "how-to" / page).read_text("utf-8")):
        name = block["name"] or "main.py"
        files[name] = files.get(name, "") + block["text"] + "\n"
    return files


@contextmanager
def running(command: list[str], folder: Path, settings: dict[str, str]) -> Iterator[Any]:
    """Run a program while the block lasts, and end it as a system does."""
    with (folder / "output.txt").open("w") as output:
        process = subprocess.Popen(  # noqa: S603 - our own programs
            command, cwd=folder, env=settings, stdout=output, stderr=output
        )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(PATIENCE)


class _Stay(HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """Follow nothing."""


class Person:
    """Somebody with a browser: keeps cookies, follows no redirect.

    Args:
        sandbox: where they decide.
        port: of the website.
    """

    def __init__(self, sandbox: Sandbox, port: int) -> None:
        self._sandbox = sandbox
        self._origin = f"http://127.0.0.1:{port}"
        self._browser = build_opener(_Stay, HTTPCookieProcessor(CookieJar()))

    def open(self, path: str, fields: dict[str, str] | None = None) -> tuple[int, str, str]:
        """Open a page or send a form: status, text, and where it leads."""
        data = None if fields is None else urlencode(fields).encode()
        request = Request(self._origin + path, data, {"Accept": "text/html"})  # noqa: S310 - our own site
        try:
            answer = self._browser.open(request, timeout=PATIENCE)
        except HTTPError as error:
            answer = error
        with answer:
            return answer.status, answer.read().decode(), answer.headers.get("Location", "")

    def wait(self, process: Any) -> None:  # noqa: ANN401 - a Popen of anything
        """Wait until the website answers."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and process.poll() is None:
            try:
                self.open("/")
            except URLError:
                continue
            return
        message = "The website does not answer."
        raise AssertionError(message)

    def press(self, page: str) -> tuple[int, str, str]:
        """Press the button of a page."""
        form = _FORM.search(page)
        assert form is not None, page
        name, value = (re.search(f'{key}="([^"]+)"', form[2]) for key in ("name", "value"))
        assert name is not None
        assert value is not None
        return self.open(form[1], {name[1]: value[1]})

    def connect(self, person: str = "mina") -> str:
        """Press the button, allow it at TikTok, come back; the page that is shown then."""
        status, text, url = self.press(self.open("/")[1])
        assert status == 303, text
        callback = urlsplit(self._sandbox.authorize(url, person=person))
        status, text, home = self.open(f"{callback.path}?{callback.query}")
        assert status == 303, text
        return self.open(home)[1]
