"""A PostgreSQL server of our own, for as long as some tests need it.

with postgres_server() as server:
    store = postgres_store(server.new_database())
"""

from __future__ import annotations

import atexit
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Literal

import psycopg
import pytest
from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Iterator

Mode = Literal["smart", "fast", "immediate"]

_ROOM = Path("/usr/lib/postgresql")
"""Where Debian keeps the programs, by version."""
PASSWORD = "canary-p%w/rd"
"""With characters that a URL has to encode."""


class Server:
    """One PostgreSQL server, on a loopback port and a socket.

    Args:
        room: an empty directory that is its owner's alone.
        fsync: off only where no test stops the machine.
    """

    def __init__(self, room: Path, *, fsync: bool = True, memory: str = "128MB") -> None:
        self.room = room
        self.port = _free_port()
        self.data = room / "data"
        self._fsync, self._memory = fsync, memory
        self._runs = False

    def create(self) -> None:
        """Make an empty cluster whose only user has a password on TCP."""
        secret = self.room / "password"
        secret.write_text(PASSWORD)
        give_away(secret)
        run(
            "initdb",
            "-D",
            self.data,
            "-U",
            "vault",
            "-E",
            "UTF8",
            "--auth-local=trust",
            "--auth-host=scram-sha-256",
            f"--pwfile={secret}",
            "--no-sync",
        )

    def become_standby_of(self, other: Server) -> None:
        """Copy a stopped server's files, and be a standby of it that gets nothing new."""
        shutil.copytree(other.data, self.data)
        (self.data / "standby.signal").touch()
        give_away(self.data, *self.data.rglob("*"))

    def start(self) -> None:
        """Start, and return when connections are accepted."""
        settings = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": self.room,
            "fsync": "on" if self._fsync else "off",
            "shared_buffers": self._memory,
        }
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        self._control("start", "-o", options, "-l", self.room / "log")
        self._runs = True

    def stop(self, mode: Mode = "fast") -> None:
        """Stop if it runs; ``immediate`` is a crash."""
        if self._runs:
            self._control("stop", "-m", mode)
            self._runs = False

    def promote(self) -> None:
        """Make a standby the primary."""
        self._control("promote")

    def url(self, database: str = "postgres", *, before: Server | None = None) -> str:
        """Where clients find it, with the password; and where they look next."""
        hosts = ",".join(f"127.0.0.1:{server.port}" for server in (self, before) if server)
        return f"postgresql://vault:canary-p%25w%2Frd@{hosts}/{database}"

    def run(self, statement: str) -> list[tuple[object, ...]]:
        """Run a statement as an administrator."""
        address = f"host={self.room} port={self.port} user=vault dbname=postgres"
        with psycopg.connect(address, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def new_database(self) -> str:
        """Make an empty database; the URL of it."""
        name = f"vault_{token_hex(4)}"
        self.run(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)).as_string())
        return self.url(name)

    def _control(self, *arguments: str | Path) -> None:
        run("pg_ctl", "-w", "-s", "-D", self.data, *arguments)


@contextmanager
def postgres_server(*, fsync: bool = True, memory: str = "128MB") -> Iterator[Server]:
    """Run a server; without PostgreSQL, skip the test, but fail it in CI."""
    with stopped_server(fsync=fsync, memory=memory) as server:
        server.create()
        server.start()
        yield server


@contextmanager
def stopped_server(*, fsync: bool = True, memory: str = "128MB") -> Iterator[Server]:
    """Make room for a server, and see that it is stopped in the end."""
    require_postgres()
    # Not below pytest's directories: the path of a socket has to be short.
    with tempfile.TemporaryDirectory(prefix="pg-") as name:
        give_away(Path(name))
        server = Server(Path(name), fsync=fsync, memory=memory)
        try:
            yield server
        finally:
            server.stop("immediate")


@cache
def shared_server() -> Server:
    """Run a server until the tests are over; nobody stops it before."""
    running = ExitStack()
    server = running.enter_context(postgres_server(fsync=False))
    # Now that its directory has a clean-up of its own, which must come after this one.
    atexit.register(running.close)
    return server


def require_postgres() -> None:
    """Skip the test where there is no PostgreSQL, but fail it in CI."""
    if _program("initdb") is None:
        missing = "needs the package postgresql"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)


def run(program: str, *arguments: str | Path) -> None:
    """Run one of PostgreSQL's programs, which refuse to work for root."""
    command = [_program(program) or program, *arguments]
    if owner := _owner():
        done = subprocess.run(  # noqa: S603 - arguments of our own
            command,
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            user=owner.pw_uid,
            group=owner.pw_gid,
            extra_groups=[],
        )
    else:
        done = subprocess.run(  # noqa: S603 - as above
            command, capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, done.stderr


def give_away(*paths: Path) -> None:
    """Make the servers' user the owner, where that is another than ourselves."""
    if owner := _owner():
        for path in paths:
            os.chown(path, owner.pw_uid, owner.pw_gid)


def _owner() -> pwd.struct_passwd | None:
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def _program(name: str) -> str | None:
    newest_first = sorted(_ROOM.glob("*/bin"), key=lambda path: -int(path.parent.name))
    path = os.pathsep.join([os.environ.get("PATH", ""), *map(str, newest_first)])
    return shutil.which(name, path=path)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
