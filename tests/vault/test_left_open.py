"""A claim of our own that its flight has left open: the answer is in the journal alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.vault import HOUR, SharedStore, Town, World, in_file
from tiktok_oauth import StoreError
from tiktok_oauth.errors import store_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from tiktok_oauth.vault.stores.rows import Grant, Ref, Renewed

pytestmark = pytest.mark.slow


class StumblingStore(SharedStore):
    """A store that fails at the first new tokens, and where things happen right after a read."""

    stumbles = True
    meanwhile: Callable[[], object] | None = None

    def get(self, ref: Ref) -> Grant | None:
        """Read; by the time that its reader has the row, it may be another one."""
        row = super().get(ref)
        happens, self.meanwhile = self.meanwhile, None
        if happens is not None:
            happens()
        return row

    def renew(self, changes: Sequence[Renewed]) -> list[bool]:
        """Refuse once."""
        if self.stumbles:
            self.stumbles = False
            raise store_error("The store is away.")
        return super().renew(changes)


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """A blocking vault over SQLite, with a journal."""
    place = Town(World(None), in_file(tmp_path))
    yield place
    place.close()


def test_a_row_read_before_another_flight_began_sends_nothing_twice(town: Town) -> None:
    """The answer of the flight that failed in between is taken from the journal."""
    assert isinstance(town.store, SharedStore)
    store = StumblingStore(town.store.database)
    vault = town.vault(store=store)
    account = town.connect(vault)
    town.clock.advance(3 * HOUR)

    def another_flight() -> None:
        with pytest.raises(StoreError):
            vault.account(account.open_id).refresh()

    store.meanwhile = another_flight

    token = account.access_token()

    assert town.accepts(token)
    assert town.refreshes == 1
    assert town.row(account).ver == 2
