"""Where a measured vault keeps things, and the accounts that are there before it starts."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from answer import ACCESS_TOKEN, LIFETIME, LONG_LIFETIME, SCOPE, open_id, refresh_token
from machine import measured_environment
from subjects import KEY, REDIRECT, SECRET
from tiktok_oauth import KeyRing, TikTokOAuth, TikTokTokens, TokenVault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Kind = Literal["SQLite", "pysqlite3", "PostgreSQL"]
"""SQLite is the one that this Python is linked with, pysqlite3 a newer one."""

_BUILD = Path(__file__).parent.parent / "build"
_SEEDERS = 64


class MissingError(Exception):
    """What is to be measured is not on this machine."""


@dataclass(frozen=True, slots=True)
class Place:
    """A store of its own, beside the journal and the keys.

    Attributes:
        directory: is gone when the measurement is over.
        url: of the store.
        another: makes one more store; its URL.
    """

    directory: Path
    url: str
    another: Callable[[], str]

    @property
    def keys(self) -> Path:
        """The key ring's file."""
        return self.directory / "keys.json"

    @property
    def journal(self) -> Path:
        """The directory of the journals."""
        return self.directory / "answers"

    def environment(self) -> dict[str, str]:
        """The environment of a process that measures here."""
        settings = {
            "TIKTOK_OAUTH_DATABASE_URL": self.url,
            "TIKTOK_OAUTH_KEYS": str(self.keys),
            "BENCH_JOURNAL": str(self.journal),
        }
        return measured_environment() | settings

    def connect(self, accounts: int, *, lifetime: int = LIFETIME) -> None:
        """Take the tokens of so many accounts, good for so many seconds."""
        with (
            TikTokOAuth(KEY, SECRET, REDIRECT) as client,
            TokenVault(
                client, store=self.url, keys=KeyRing.from_file(self.keys), journal=self.journal
            ) as vault,
            ThreadPoolExecutor(_SEEDERS) as seeders,
        ):
            for _ in seeders.map(vault.adopt, (_tokens(n, lifetime) for n in range(accounts))):
                pass


def _tokens(number: int, lifetime: int) -> TikTokTokens:
    person = open_id(number)
    return TikTokTokens(
        access_token=ACCESS_TOKEN,
        expires_in=lifetime,
        open_id=person,
        refresh_expires_in=LONG_LIFETIME,
        refresh_token=refresh_token(person, 0),
        scope=SCOPE,
        token_type="Bearer",
    )


@contextlib.contextmanager
def a_place(kind: Kind) -> Iterator[Place]:
    """An empty store, on the disk that this checkout is on.

    Raises:
        MissingError: there is no PostgreSQL, or no pysqlite3.
    """
    if kind == "pysqlite3" and find_spec(kind) is None:
        raise MissingError("pysqlite3 is not installed")
    scheme = "sqlite+pysqlite3" if kind == "pysqlite3" else "sqlite"
    _BUILD.mkdir(exist_ok=True)
    with contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=_BUILD)))
        names = (f"{scheme}:///{directory}/tokens{number}.db" for number in count())
        another = names.__next__
        if kind == "PostgreSQL":
            another = stack.enter_context(_postgres())
        place = Place(directory, another(), another)
        KeyRing.generate().save(place.keys)
        yield place


@contextlib.contextmanager
def _postgres() -> Iterator[Callable[[], str]]:
    """Makes empty databases on a server that syncs as it does by default, and tells their URLs.

    It has the memory that the guide to PostgreSQL advises for a million accounts.
    """
    import pytest  # noqa: PLC0415 - as below

    sys.path.append(str(Path(__file__).parent.parent))
    from tests.support.postgres import postgres_server  # noqa: PLC0415 - only where it is measured

    try:
        with postgres_server(memory="2GB") as server:
            yield server.new_database
    except pytest.skip.Exception as missing:
        raise MissingError(str(missing)) from None
