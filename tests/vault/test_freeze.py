"""A store that was restored from a backup refreshes nothing before somebody has looked."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.vault import HOUR, SharedStore, in_file
from tiktok_oauth import StoreError
from tiktok_oauth.vault.freeze import ALIVE, FROZEN, unfreeze
from tiktok_oauth.vault.site import open_site

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.vault import Town
    from tiktok_oauth.vault.site import Site

pytestmark = pytest.mark.slow
"""Works on files, again and again."""


def test_an_older_copy_is_frozen_until_somebody_unfreezes_it(
    file_town: Town, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Sending a token that was replaced since may end the grant: nothing is sent."""
    town, backup = file_town, tmp_path / "backup.db"
    account = town.connect(town.vault())
    town.restart()
    shutil.copy(tmp_path / "tokens.db", backup)
    town.do(town.do(town.vault().account, account.open_id).refresh)
    town.restart()
    shutil.copy(backup, tmp_path / "tokens.db")
    town.restart()
    town.clock.advance(3 * HOUR)

    again = town.do(town.vault().account, account.open_id)
    error = town.refused(again.access_token)

    assert isinstance(error, StoreError)
    assert "frozen" in error.message
    assert "unfreeze" in error.hint
    assert town.refreshes == 1
    assert "unfreeze" in caplog.text
    unfreeze(town.store)
    town.refused(again.access_token)
    assert town.refreshes == 2


def test_a_frozen_store_stays_frozen_over_starts(file_town: Town) -> None:
    """Restarting is no way out, and a living token is served meanwhile."""
    town = file_town
    account = town.connect(town.vault())
    town.store.put_setting(FROZEN, b"restored")
    for _ in range(3):
        town.restart()
        account = town.do(town.vault().account, account.open_id)

        assert town.accepts(town.do(account.access_token))
        assert isinstance(town.refused(account.refresh), StoreError)
    assert town.refreshes == 0


def test_a_copy_made_while_a_vault_ran_is_older_too(file_town: Town, tmp_path: Path) -> None:
    """A vault that ran for a month says so when it ends: last night's copy is behind."""
    town, backup = file_town, tmp_path / "backup.db"
    account = town.connect(town.vault())
    shutil.copy(tmp_path / "tokens.db", backup)
    town.do(account.refresh)
    town.close()
    shutil.copy(backup, tmp_path / "tokens.db")
    town.restart()

    town.do(town.vault().account, account.open_id)

    assert town.store.setting(FROZEN) is not None


def living(town: Town) -> Site:
    """A vault's inside, as it is in a process that will be killed."""
    return open_site(town.store, town.keys, town.kept.journal)


def killed(site: Site) -> None:
    """The process is killed: nothing is said to anybody, and the system lets go of its files."""
    site.journal.close(keep=True)


def test_a_sign_of_life_makes_copies_older_though_nobody_ends(
    file_town: Town, tmp_path: Path
) -> None:
    """The vault is killed and nothing was started after it: last night's copy is behind anyway."""
    town, backup = file_town, tmp_path / "backup.db"
    account = town.connect(town.vault())
    town.close()
    town.restart()
    site = living(town)
    shutil.copy(tmp_path / "tokens.db", backup)
    site.touch(site.store.timeline())
    killed(site)
    town.close()
    shutil.copy(backup, tmp_path / "tokens.db")
    town.restart()

    town.do(town.vault().account, account.open_id)

    assert town.store.setting(FROZEN) is not None


class Cluster(SharedStore):
    """A store whose standbys lag behind, and which can be put back."""

    may_forget = True
    history = "1"

    def timeline(self) -> str:
        """The history, as it is told."""
        return self.history

    def set_back(self, seconds: int) -> None:
        """Become what the store was some seconds ago, in a history of its own."""
        alive = int(self.setting(ALIVE) or b"")
        self.put_setting(ALIVE, b"%020d" % (alive - seconds))
        self.history += "1"


@pytest.mark.parametrize(("seconds", "is_frozen"), [(1, False), (290, False), (310, True)])
def test_a_failover_is_no_older_copy(
    file_town: Town, tmp_path: Path, *, seconds: int, is_frozen: bool
) -> None:
    """A standby that takes over has missed seconds, a backup hours: a vault that runs notices."""
    town, cluster = file_town, Cluster(in_file(tmp_path).database(file_town.clock))
    account = town.connect(town.vault(store=cluster))
    cluster.set_back(seconds)
    town.clock.advance(3 * HOUR)

    if is_frozen:
        assert "frozen" in town.refused(account.access_token).message
    else:
        assert town.accepts(town.do(account.access_token))

    assert (cluster.setting(FROZEN) is not None) == is_frozen
    assert town.refreshes == 1 - is_frozen


@pytest.mark.parametrize("starts", [1, 5])
def test_starting_again_freezes_nothing(file_town: Town, starts: int) -> None:
    """Any number of starts, one after the other or several at a time."""
    town = file_town
    account = town.connect(town.vault())
    for _ in range(starts):
        town.restart()
        for vault in (town.vault(), town.vault()):
            town.do(vault.account, account.open_id)

    assert town.store.setting(FROZEN) is None
    town.do(town.do(town.vault().account, account.open_id).refresh)


class SlowStarter(SharedStore):
    """The store of a program that others overtake while it starts."""

    overtake: Callable[[], None] | None = None

    def raise_setting(self, name: str, value: bytes) -> None:
        """Let the others start, then say that this one is alive."""
        overtake, self.overtake = self.overtake, None
        if overtake is not None:
            overtake()
        super().raise_setting(name, value)


def test_a_program_that_starts_slowly_does_not_make_the_store_look_older(
    file_town: Town, tmp_path: Path
) -> None:
    """Three start at a time and the first is the last to say so: nothing is frozen."""
    town = file_town
    account = town.connect(town.vault())
    slow = SlowStarter(in_file(tmp_path).database(town.clock))
    others = [town.vault() for _ in range(3)]

    def overtake() -> None:
        for other in others:
            town.elsewhere(other.account, account.open_id)

    slow.overtake = overtake

    town.do(town.vault(store=slow).account, account.open_id)
    town.do(town.vault().account, account.open_id)

    assert town.store.setting(FROZEN) is None


@pytest.mark.parametrize("content", [b"", b"soon", b"-5", b"\xff", b"1" * 5000])
def test_a_memory_that_cannot_be_read_freezes_nothing(file_town: Town, content: bytes) -> None:
    """A damaged file beside the journals is no evidence."""
    town = file_town
    account = town.connect(town.vault())
    town.restart()
    assert town.kept.journal is not None
    [memory] = town.kept.journal.glob(ALIVE)
    memory.write_bytes(content)

    town.do(town.do(town.vault().account, account.open_id).refresh)

    assert town.store.setting(FROZEN) is None
    assert int(memory.read_text()) > 1
    assert memory.stat().st_mode & 0o777 == 0o600


def started_again(town: Town) -> tuple[Any, Path]:
    """An account, and what its store's host remembers of its life, before the next start."""
    account = town.connect(town.vault())
    town.restart()
    assert town.kept.journal is not None
    return account, town.kept.journal / ALIVE


def test_without_a_look_at_its_memory_no_vault_starts(file_town: Town) -> None:
    """What this host remembers is there and cannot be read: the store may be an older copy."""
    town = file_town
    account, memory = started_again(town)
    memory.unlink()
    memory.symlink_to(memory)

    error = town.refused(town.vault().account, account.open_id)

    assert isinstance(error, StoreError)
    assert str(memory.parent) in error.message
    assert memory.is_symlink()
    assert town.store.setting(FROZEN) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to have files of two users")
def test_a_start_by_root_leaves_the_memory_to_whose_it_is(file_town: Town) -> None:
    """The service that runs as its owner could not read it otherwise, nor start."""
    town = file_town
    account, memory = started_again(town)
    before = int(memory.read_text())
    os.chown(memory, 65534, 65534)

    town.do(town.vault().account, account.open_id)

    assert int(memory.read_text()) > before
    assert (memory.stat().st_uid, memory.stat().st_gid) == (65534, 65534)


def test_memory_is_never_frozen(town: Town) -> None:
    """What has no journal has nothing to be behind of."""
    account = town.connect(town.vault())

    town.do(account.refresh)

    assert town.store.setting(FROZEN) is None
    assert (town.store.setting(ALIVE) is None) == (town.kept.journal is None)
