"""Many ask for the same expired account: TikTok is asked once, and all get the same token.

Each race is run again with single flight and claims switched off, and must then fail: else it
would prove nothing.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from secrets import token_hex
from typing import IO, TYPE_CHECKING, cast
from urllib.parse import urlsplit

import pytest

from tests.races.crowd import relay, told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.races.crowd import Scene, Settings

    SceneOn = Callable[[str], Scene]

pytestmark = pytest.mark.slow

THREADS, TASKS, PROCESSES = 50, 200, 16
CONTROLS = 5
"""How many strangers to each other a control has: enough to get into each other's way."""


@pytest.mark.parametrize("store", ["memory", "sqlite", "pysqlite3", "postgres"])
def test_fifty_threads(scene_on: SceneOn, store: str, *, is_control: bool) -> None:
    """One vault that they share; for the control, several that know nothing of each other."""
    scene = scene_on(store)
    start = threading.Barrier(THREADS)
    with ExitStack() as stack:
        vaults = [
            stack.enter_context(scene.vault(is_control=is_control))
            for _ in range(CONTROLS if is_control else 1)
        ]
        accounts = [vault.account(scene.settings.open_id) for vault in vaults]

        def ask(number: int) -> str:
            start.wait()
            return told(accounts[number % len(accounts)].access_token)

        with ThreadPoolExecutor(THREADS) as threads:
            tokens = list(threads.map(ask, range(THREADS)))

    scene.judge(tokens, is_control=is_control)


@pytest.mark.parametrize("store", ["memory", "sqlite", "pysqlite3", "postgres"])
def test_two_hundred_tasks(scene_on: SceneOn, store: str, *, is_control: bool) -> None:
    """One vault that they share; for the control, several that know nothing of each other."""
    scene = scene_on(store)

    async def race() -> list[str | BaseException]:
        vaults = [
            scene.awaiting_vault(is_control=is_control)
            for _ in range(CONTROLS if is_control else 1)
        ]
        accounts = [await vault.account(scene.settings.open_id) for vault in vaults]
        asking = [accounts[number % len(accounts)].access_token() for number in range(TASKS)]
        tokens = await asyncio.gather(*asking, return_exceptions=True)
        for vault in vaults:
            await vault.aclose()
        return tokens

    tokens = asyncio.run(race())

    scene.judge(tokens, is_control=is_control)


@pytest.mark.parametrize("store", ["sqlite", "pysqlite3", "postgres"])
def test_sixteen_processes(scene_on: SceneOn, store: str, *, is_control: bool) -> None:
    """Each opens the store by itself, and they share one directory of journals."""
    scene = scene_on(store)
    settings = replace(scene.settings, is_control=is_control)

    tokens = asked([([], settings)] * (CONTROLS if is_control else PROCESSES))

    scene.judge(tokens, is_control=is_control)


def test_four_processes_on_two_hosts(
    scene_on: SceneOn, tmp_path: Path, *, is_control: bool
) -> None:
    """Each host has a network and a directory of journals of its own; PostgreSQL is shared."""
    scene = scene_on("postgres")
    road = str(tmp_path / "to-sandbox")
    with socket.socket(socket.AF_UNIX) as listener, two_hosts() as hosts:
        listener.bind(road)
        listener.listen(64)
        port = urlsplit(scene.sandbox.base_url).port or 0
        relay(listener, lambda: socket.create_connection(("127.0.0.1", port)))
        crowd = [
            (
                host.command,
                replace(
                    scene.settings,
                    store=by_socket(scene.settings.store),
                    journal=str(tmp_path / host.name),
                    relay=road,
                    address=host.address,
                    is_control=is_control,
                ),
            )
            for host in hosts
            for _ in range(2)
        ]

        tokens = asked(crowd)

    scene.judge(tokens, is_control=is_control)


def asked(crowd: Sequence[tuple[list[str], Settings]]) -> list[str]:
    """Start a process for each, let all of them ask at once, and collect their tokens."""
    with ExitStack() as stack:
        processes = [stack.enter_context(process(*one)) for one in crowd]
        for one in processes:
            assert cast("IO[str]", one.stdout).readline() == "ready\n"
        for one in processes:
            cast("IO[str]", one.stdin).write("go\n")
            cast("IO[str]", one.stdin).flush()
        return [cast("IO[str]", one.stdout).readline().strip() for one in processes]


@contextmanager
def process(prefix: list[str], settings: Settings) -> Iterator[subprocess.Popen[str]]:
    """A process that asks for the account; when all is over it has ended well."""
    with subprocess.Popen(  # noqa: S603 - arguments of our own
        [*prefix, sys.executable, "-m", "tests.races.crowd", settings.as_json()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as running:
        try:
            yield running
            assert running.wait(30) == 0
        finally:
            running.kill()


def by_socket(url: str) -> str:
    """Reach the database by its socket, which every network namespace sees."""
    from tests.support.postgres import shared_server  # noqa: PLC0415 - only where there is one

    server = shared_server()
    name = urlsplit(url).path.removeprefix("/")
    return f"postgresql://vault@/{name}?host={server.room}&port={server.port}"


class Host:
    """A network of its own, or at least an address.

    Args:
        name: of the network namespace; empty where the machine allows none.
        address: of its loopback.
    """

    def __init__(self, name: str, address: str, *, is_apart: bool) -> None:
        self.name, self.address = name, address
        self.command = ["ip", "netns", "exec", name] if is_apart else []


@contextmanager
def two_hosts() -> Iterator[list[Host]]:
    """Two network namespaces where the machine allows them, else two loopback addresses."""
    names = [f"vault-{token_hex(3)}-{host}" for host in "ab"]
    with ExitStack() as stack:
        allowed = [stack.enter_context(_namespace(name)) for name in names]
        apart = all(allowed)
        yield [
            Host(name, "127.0.0.1" if apart else address, is_apart=apart)
            for name, address in zip(names, ("127.0.0.2", "127.0.0.3"), strict=True)
        ]


@contextmanager
def _namespace(name: str) -> Iterator[bool]:
    """A network namespace with a loopback; False where there can be none."""
    allowed = os.geteuid() == 0 and _ip("netns", "add", name)
    try:
        yield allowed and _ip("netns", "exec", name, "ip", "link", "set", "lo", "up")
    finally:
        if allowed:
            _ip("netns", "delete", name)


def _ip(*arguments: str) -> bool:
    program = shutil.which("ip")
    return (
        program is not None
        and not subprocess.run(  # noqa: S603 - arguments of our own
            [program, *arguments], capture_output=True, check=False
        ).returncode
    )
