"""Where a campaign takes place: a folder, a store, and what can go wrong with them."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Literal

from tests.chaos import campaign
from tests.chaos.arena import Arena
from tests.chaos.campaign import Orders
from tests.chaos.misfortunes import FullDisk, Restarts, small_disk
from tests.support.postgres import postgres_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.chaos.campaign import Result
    from tests.chaos.misfortunes import Misfortune, Trouble
    from tests.chaos.victims import Role

Kind = Literal["sqlite", "pysqlite3", "postgres"]


def play(  # noqa: PLR0913 - one keyword an option
    folder: Path,
    store: Kind,
    *,
    kills: int,
    accounts: int,
    seed: int,
    role: Role = "vault",
    misfortunes: frozenset[Misfortune] = frozenset(),
    tell: Callable[[int], None] = lambda _kills: None,
) -> Result:
    """Run a campaign.

    Args:
        folder: an empty directory.
        store: what the vault keeps tokens in.
        kills: how many processes to kill.
        accounts: how many are connected.
        seed: of what is left to chance.
        role: who is killed.
        misfortunes: what else goes wrong.
        tell: is called after each kill, with how many there were.
    """
    disk = folder / "disk"
    disk.mkdir()
    with _stage(disk, store, misfortunes) as (url, trouble), Arena(disk, url, seed) as arena:
        orders = Orders(kills, seed, role, misfortunes, trouble, tell)
        return campaign.run(arena, arena.connect(accounts), orders)


@contextmanager
def _stage(
    folder: Path, store: Kind, misfortunes: frozenset[Misfortune]
) -> Iterator[tuple[str, Trouble | None]]:
    """A new store's URL, and what goes wrong with its surroundings."""
    with ExitStack() as stack:
        trouble: Trouble | None = None
        if "full" in misfortunes:
            stack.enter_context(small_disk(folder))
            trouble = FullDisk(folder)
        scheme = "sqlite+pysqlite3" if store == "pysqlite3" else "sqlite"
        url = f"{scheme}:///{folder}/tokens.db"
        if store == "postgres":
            server = stack.enter_context(postgres_server())
            url = server.new_database()
            trouble = Restarts(server) if "restarts" in misfortunes else trouble
        yield url, trouble
