"""The real command, its processes, and a person with a browser."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from base64 import b64decode
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2

from tiktok_oauth.service.registry.registry import Registry
from tiktok_oauth.vault.opening import open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tiktok_oauth.sandbox.serve import Sandbox

_TOKEN = re.compile(r'name="(\w+)" value="([^"]+)"')
_PATIENCE = 60.0
COMMAND = (sys.executable, "-W", "error", "-m", "tiktok_oauth", "serve", "--port", "0")


@dataclass
class Running:
    """A service of several processes, over a sandbox of the test's own."""

    process: subprocess.Popen[str]
    url: str
    directory: Path
    sandbox: Sandbox
    log: Path
    key: str = field(repr=False)

    def children(self, what: str) -> list[int]:
        """The processes of one kind, ``airlock`` or ``worker``."""
        return [pid for pid in descendants(self.process.pid) if what in command_of(pid)]

    def kill(self, what: str) -> None:
        """Kill all processes of a kind, without a chance to say goodbye."""
        for pid in self.children(what):
            os.kill(pid, signal.SIGKILL)

    def api(self, method: str, path: str, *, json: object = None) -> httpx2.Response:
        """Ask the API with an admin's key, on a connection of its own."""
        headers = {"authorization": f"Bearer {self.key}"}
        return httpx2.request(
            method, f"{self.url}/api/v1{path}", headers=headers, timeout=30, json=json
        )

    def leave(self) -> tuple[dict[str, str], str]:
        """Somebody who was invited presses the button: their cookies, and where that leads."""
        invitation = self.api("POST", "/logins", json={}).json()["url"]
        with httpx2.Client(timeout=30) as browser:
            page = browser.get(invitation)
            answer = browser.post(invitation, data=dict(_TOKEN.findall(page.text)))
            assert answer.status_code == 303, answer.text
            return dict(browser.cookies), str(answer.headers["location"])

    def come_back(self, callback: str, cookies: dict[str, str]) -> int:
        """TikTok sends a browser back; the status of the answer."""
        with httpx2.Client(timeout=30, cookies=cookies) as browser:
            return browser.get(callback).status_code

    def connect(self, person: str = "mina") -> str:
        """Go the whole way; returns the account that is connected."""
        cookies, consent = self.leave()
        assert self.come_back(self.sandbox.authorize(consent, person=person), cookies) == 303
        return str(self.api("GET", "/accounts").json()["accounts"][0]["open_id"])

    def still_holds(self, open_id: str) -> bool:
        """Whether the refresh token that it keeps is the one that TikTok knows."""
        return self.api("POST", f"/accounts/{open_id}/refresh").status_code == 200

    def lines(self, pattern: str) -> list[str]:
        """Lines of its log."""
        return [line for line in self.log.read_text().splitlines() if re.search(pattern, line)]

    def whole_key(self) -> bytes:
        """The bytes of the key that seals refresh tokens, from its file."""
        file = self.directory / "config" / "tiktok-oauth" / "keys.json"
        return b64decode(json.loads(file.read_text())["keys"][0]["key"])

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end; its exit status."""
        self.process.send_signal(number)
        return self.process.wait(_PATIENCE)


@contextmanager
def running(
    directory: Path, sandbox: Sandbox, *arguments: str, **variables: str
) -> Iterator[Running]:
    """The command on a free port of this machine, at work; it is ended afterwards."""
    log = directory / "log"
    # The path of a socket has to be short, and those of pytest's directories are long.
    place = tempfile.mkdtemp(prefix="tto-")
    settings = environment(directory, sandbox) | {"XDG_RUNTIME_DIR": place} | variables
    with log.open("w") as errors:
        process = subprocess.Popen(  # noqa: S603 - our own program
            [*COMMAND, *arguments],
            env=settings,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    try:
        assert process.stdout is not None
        told = (re.match(r"Ready: (\S+)", line) for line in process.stdout)
        url = next((match[1] for match in told if match), None)
        assert url is not None, log.read_text()
        key = _new_key(settings["TIKTOK_OAUTH_DATABASE_URL"])
        yield Running(process, url, directory, sandbox, log, key)
    finally:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=_PATIENCE)
        shutil.rmtree(place)


def _new_key(database: str) -> str:
    with closing(open_store(database)) as store:
        return Registry(store.database).create_key("test", "admin").secret.reveal()


def environment(directory: Path, sandbox: Sandbox) -> dict[str, str]:
    """Variables of a service that keeps everything below a directory."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TIKTOK_")}
    return clean | {
        "PYTHONUNBUFFERED": "1",
        "XDG_CONFIG_HOME": str(directory / "config"),
        "XDG_STATE_HOME": str(directory / "state"),
        "TIKTOK_CLIENT_KEY": sandbox.client_key,
        "TIKTOK_CLIENT_SECRET": sandbox.client_secret,
        "TIKTOK_BASE_URL": sandbox.base_url,
        "TIKTOK_AUTHORIZE_URL": sandbox.authorize_url,
        "TIKTOK_OAUTH_DATABASE_URL": database_in(directory),
    }


def database_in(directory: Path) -> str:
    """The URL of the database that such a service uses."""
    return f"sqlite:///{directory / 'tokens.db'}"


def until(condition: Callable[[], bool], patience: float = _PATIENCE) -> None:
    """Wait until something is so."""
    give_up = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < give_up, "It did not come about."
        time.sleep(0.02)


def descendants(pid: int) -> list[int]:
    """The children of a process."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in listed.split()]


def memory_of(pid: int) -> bytes:
    """All that a process may write to, as it stands."""
    found = bytearray()
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            area, rights = line.split()[:2]
            if rights.startswith("rw"):
                first, last = (int(end, 16) for end in area.split("-"))
                memory.seek(first)
                found += memory.read(last - first)
    return bytes(found)


def command_of(pid: int) -> str:
    """What a process was started with."""
    return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
