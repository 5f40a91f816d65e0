"""Access tokens while the store cannot be reached."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.vault import HOUR, SharedStore, Town
from tiktok_oauth import StoreError
from tiktok_oauth.errors import store_error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tiktok_oauth.vault.stores.rows import Grant, Ref


class AwayStore(SharedStore):
    """A store that cannot be read for a while."""

    is_away = False
    passes = True
    asked = 0

    def get(self, ref: Ref) -> Grant | None:
        """Fail while it is away."""
        self._reach()
        return super().get(ref)

    def get_all(self, refs: Sequence[Ref]) -> list[Grant | None]:
        """As above."""
        self._reach()
        return super().get_all(refs)

    def _reach(self) -> None:
        if self.is_away:
            self.asked += 1
            raise store_error("The connection was lost.", retryable=self.passes)


def away(town: Town) -> AwayStore:
    """A town's store, as somebody sees it to whom it may be away."""
    assert isinstance(town.store, SharedStore)
    return AwayStore(town.store.database)


def test_a_fresh_token_in_memory_is_as_good_as_it_was(town: Town) -> None:
    """It is handed out until it is no longer fresh; the store is not waited for at every call."""
    store = away(town)
    account = town.connect(town.vault(store=store))
    token = town.do(account.access_token)
    store.is_away = True

    town.clock.advance(HOUR / 2)
    assert [town.do(account.access_token) for _ in range(3)] == [token] * 3
    assert store.asked == 1
    town.clock.advance(6)
    assert town.do(account.access_token) == token
    assert store.asked == 2

    town.clock.advance(2 * HOUR)
    assert isinstance(town.refused(account.access_token), StoreError)
    store.is_away = False
    assert town.accepts(town.do(account.access_token))


def test_a_failure_that_does_not_pass_is_told(town: Town) -> None:
    """Somebody has to look: a frozen or damaged store is not hidden by what is in memory."""
    store = away(town)
    account = town.connect(town.vault(store=store))
    town.do(account.access_token)
    store.is_away, store.passes = True, False

    town.clock.advance(61)

    assert not town.refused(account.access_token).retryable
