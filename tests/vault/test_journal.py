"""The journal: an answer is on disk before anything reads it, and outlives its writer."""

from __future__ import annotations

import fcntl
import os
import resource
import signal
import struct
import subprocess
import sys
import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

import pytest

from tests.support.vault import HOUR, SharedStore, Town, in_file, tokens_of
from tests.vault.journal_walks import client_of
from tiktok_oauth import KeyRing, Sandbox, StoreError, TikTokAPIError, TokenVault
from tiktok_oauth.errors import store_error
from tiktok_oauth.vault.refresh import leftovers
from tiktok_oauth.vault.refresh.answers import MAGIC
from tiktok_oauth.vault.refresh.journal import Journal, NoJournal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tiktok_oauth.vault.stores.rows import Boot, Renewed

BIG = 100 * 1024


def record(content: bytes) -> bytes:
    """Bytes that look like a record."""
    return struct.pack(">4sII", MAGIC, len(content), zlib.crc32(content)) + content


@pytest.fixture
def room(tmp_path: Path) -> Path:
    """A directory for journals."""
    return tmp_path / "answers"


def test_what_was_written_is_read_in_order(room: Path) -> None:
    """One record after the other; without a journal there is nothing."""
    made = Journal(room, "boot")
    made.append(record(b"one"))
    made.append(record(b"two"))

    assert list(made.payloads()) == [b"one", b"two"]
    assert list(NoJournal().payloads()) == []
    made.close(keep=False)


def test_a_journal_is_its_owners_alone(room: Path) -> None:
    """The directory cannot be entered by others, nor the files read."""
    made = Journal(room, "boot")

    assert room.stat().st_mode & 0o777 == 0o700
    for path in room.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600
    made.close(keep=False)


@pytest.mark.parametrize("kind", ["file", "link", "dangling", "open"])
def test_a_place_that_is_none_is_refused(room: Path, tmp_path: Path, kind: str) -> None:
    """A file, a link, one that leads nowhere, and a directory that others can enter."""
    if kind == "file":
        room.write_text("x")
    elif kind == "dangling":
        room.symlink_to(tmp_path / "nowhere" / "at all")
    elif kind == "link":
        (tmp_path / "real").mkdir(mode=0o700)
        room.symlink_to(tmp_path / "real")
    else:
        room.mkdir(mode=0o750)

    with pytest.raises(StoreError):
        Journal(room, "boot")


def test_room_is_taken_ahead(room: Path) -> None:
    """Before a request there is always room for many answers."""
    made = Journal(room, "boot")
    for _ in range(30):
        made.make_room()
        made.append(record(bytes(BIG)))
        [path] = room.glob("boot-*")
        assert path.stat().st_size >= 1 << 20
    assert len(list(made.payloads())) == 30
    made.close(keep=False)


@pytest.mark.slow
def test_a_full_journal_goes_on_in_another_volume(room: Path) -> None:
    """Nothing is dropped before two volumes more are there, so the files stay bounded."""
    made = Journal(room, "boot")
    dropped = 0
    for number in range(300):
        made.make_room()
        made.append(record(number.to_bytes(4, "big") + bytes(BIG)))
        if made.is_full and (oldest := made.turn_over()) is not None:
            made.drop(oldest)
            dropped += 1

    numbers = [int.from_bytes(payload[:4], "big") for payload in made.payloads()]
    assert numbers == list(range(numbers[0], 300))
    assert len(numbers) >= 82
    assert dropped >= 1
    assert len(list(room.glob("boot-*"))) <= 3
    made.close(keep=False)
    assert list(room.glob("boot-*")) == []


def test_a_living_journal_is_no_leftover(room: Path) -> None:
    """Neither this process's own nor that of a process whose lock is held."""
    made = Journal(room, "boot")

    assert leftovers.leftover(room, "boot") is None
    assert leftovers.boots_in(room) == ["boot"]
    assert leftovers.leftover(room, "other") is None
    made.close(keep=False)


def test_a_journal_that_was_kept_is_found(room: Path) -> None:
    """Whoever holds it keeps others away; released it is there for the next one."""
    made = Journal(room, "boot")
    made.append(record(b"one"))
    made.close(keep=True)

    left = leftovers.leftover(room, "boot")
    assert left is not None
    assert (left.boot, list(left.payloads())) == ("boot", [b"one"])
    assert leftovers.leftover(room, "boot") is None
    assert 0 <= left.age() < 600
    left.release()
    again = leftovers.leftover(room, "boot")
    assert again is not None
    again.delete()
    again.release()
    assert list(room.glob("boot-*")) == []


def test_nobody_finds_a_journal_before_it_is_locked(
    room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever did would take its writer for dead, and bury it."""
    lock, seen = fcntl.flock, []

    def watch(file: int, operation: int) -> None:
        seen.append(leftovers.boots_in(room))
        lock(file, operation)

    monkeypatch.setattr(fcntl, "flock", watch)
    made = Journal(room, "boot")

    assert seen == [[]]
    assert leftovers.boots_in(room) == ["boot"]
    made.close(keep=False)


def test_one_directory_is_one_host(room: Path, tmp_path: Path) -> None:
    """The name is made once, and another directory has another one."""
    one, two, other = (
        Journal(room, "a"),
        Journal(room, "b"),
        Journal(tmp_path / "elsewhere", "c"),
    )

    assert one.host == two.host != other.host
    for made in (one, two, other):
        made.close(keep=False)


def test_a_forked_child_does_not_hold_the_lock(room: Path) -> None:
    """The parent's death is the journal's, whatever children there are."""
    made = Journal(room, "boot")
    made.append(record(b"one"))
    go, ready = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        os.write(ready[1], b"x")
        os.read(go[0], 1)
        os._exit(0)
    os.read(ready[0], 1)
    made.close(keep=True)

    found = [left.boot for left in _released(room)]
    os.write(go[1], b"x")
    os.waitpid(child, 0)
    for end in (*go, *ready):
        os.close(end)

    assert found == ["boot"]


def _released(room: Path) -> Iterator[leftovers.Leftover]:
    for boot in leftovers.boots_in(room):
        left = leftovers.leftover(room, boot)
        if left is not None:
            left.release()
            yield left


class BrokenStore(SharedStore):
    """A store that cannot write new tokens for a while, and cannot be asked to try again."""

    broken = True

    def renew(self, changes: Sequence[Renewed]) -> list[bool]:
        """Fail for good, as a damaged disk does."""
        if self.broken:
            raise store_error("The disk is damaged.")
        return super().renew(changes)


class AbsentStore(SharedStore):
    """A store that fails once, in one place."""

    fails_at = ""

    def _stumble(self, place: str) -> None:
        if place == self.fails_at:
            self.fails_at = ""
            raise store_error("The connection was lost.", retryable=True)

    def has_ended(self, boot: str, timeline: str) -> bool:
        """Fail here, perhaps."""
        self._stumble("has_ended")
        return super().has_ended(boot, timeline)

    def end_boot(self, boot: str, timeline: str) -> None:
        """Or here."""
        self._stumble("end_boot")
        super().end_boot(boot, timeline)

    def begin_boot(self, boot: Boot) -> None:
        """Or here."""
        self._stumble("begin_boot")
        super().begin_boot(boot)


def open_journals(directory: Path) -> list[str]:
    """The journals of a directory that this process has open."""
    links = (str(file.readlink()) for file in Path("/proc/self/fd").iterdir() if file.is_symlink())
    return [link for link in links if link.startswith(str(directory)) and ".journal" in link]


@pytest.mark.parametrize("place", ["has_ended", "end_boot", "begin_boot"])
def test_a_vault_that_could_not_open_leaves_nothing_locked(file_town: Town, place: str) -> None:
    """The store was away for a moment: the next try brings in what a dead vault has left."""
    town = file_town
    assert isinstance(town.store, SharedStore)
    assert town.kept.journal is not None
    Journal(town.kept.journal, "dead").close(keep=True)
    store = AbsentStore(town.store.database)
    store.fails_at = place
    vault = town.vault(store=store)

    assert isinstance(town.refused(vault.begin_login), StoreError)

    assert not open_journals(town.kept.journal)
    town.connect(vault)
    [journal] = town.kept.journal.glob("*.journal")
    assert not journal.name.startswith("dead")


def test_who_does_not_see_its_own_journal_takes_nobody_for_dead(file_town: Town) -> None:
    """A directory that was moved away shows none of the living: their claims stay theirs."""
    town = file_town
    assert town.kept.journal is not None
    here, there = town.kept.journal, town.kept.journal.with_name("away")
    other = town.connect(town.vault())
    account = town.do(town.vault().account, other.open_id)
    town.clock.advance(30 * HOUR)
    refused = []

    def meanwhile(_: object) -> None:
        town.before = lambda _: None
        here.rename(there)
        with pytest.raises(TikTokAPIError) as caught:
            town.elsewhere(account.access_token)
        refused.append(caught.value.retryable)
        there.rename(here)

    town.before = meanwhile
    token = town.do(other.access_token)

    assert refused == [True]
    assert town.refreshes == 1
    assert town.accepts(token)


def test_a_full_disk_leaves_no_half_of_a_journal(tmp_path: Path) -> None:
    """Neither a file nor an open one, for each of whoever tries again."""
    journal = Journal(tmp_path / "answers", "boot")
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (512 * 1024, hard))
    try:
        with pytest.raises(StoreError):
            Journal(tmp_path / "answers", "other")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))

    assert len(open_journals(tmp_path)) == 1
    assert [path.name for path in (tmp_path / "answers").glob("*.journal")] == ["boot-1.journal"]
    journal.close(keep=False)


def broken(town: Town, tmp_path: Path) -> BrokenStore:
    """Another connection to a town's store, which is broken."""
    return BrokenStore(in_file(tmp_path).database(town.clock))


def test_an_answer_the_store_did_not_take_is_not_lost(file_town: Town, tmp_path: Path) -> None:
    """It is in the journal: the next caller gets it, and TikTok is not asked again."""
    town, store = file_town, broken(file_town, tmp_path)
    account = town.connect(town.vault(store=store))
    town.clock.advance(3 * HOUR)
    error = town.refused(account.access_token)
    assert isinstance(error, StoreError)
    store.broken = False

    token = town.do(account.access_token)

    assert town.accepts(token)
    assert town.refreshes == 1
    row = town.row(account)
    assert (row.ver, row.boot, row.doubt_at) == (2, None, None)


def test_a_vault_that_ends_with_such_an_answer_leaves_it(file_town: Town, tmp_path: Path) -> None:
    """The next start brings it in."""
    town, store = file_town, broken(file_town, tmp_path)
    account = town.connect(town.vault(store=store))
    town.clock.advance(3 * HOUR)
    town.refused(account.access_token)
    town.restart()

    token = town.do(town.do(town.vault().account, account.open_id).access_token)

    assert town.accepts(token)
    assert town.refreshes == 1


def test_a_journal_whose_key_is_missing_waits(
    file_town: Town, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is said, nothing is deleted, and whoever has the key brings it in."""
    town, store = file_town, broken(file_town, tmp_path)
    newer = town.keys.with_new("k2").promote("k2")
    account = town.connect(town.vault())
    other = town.do(town.vault(store=store, keys=newer).account, account.open_id)
    town.refused(other.refresh)
    town.restart()
    town.do(town.vault().account, account.open_id)
    assert "journal" in caplog.text
    assert town.row(account).ver == 1

    town.do(town.vault(keys=newer).account, account.open_id)

    assert town.row(account).ver == 2
    assert town.refreshes == 1


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """A sandbox on a port, a store with an account in it, and processes that use it."""
    with Sandbox(seed=1) as sandbox:
        yield Running(sandbox, tmp_path)


class Running:
    """What the processes of a test share."""

    def __init__(self, sandbox: Sandbox, room: Path) -> None:
        self.sandbox, self.room = sandbox, room
        KeyRing.generate().save(room / "keys.json")
        with self.vault() as vault:
            self.open_id = vault.adopt(tokens_of(sandbox.grant())).open_id

    def vault(self, timeout: float = 10.0) -> TokenVault:
        """A vault in this process."""
        client = client_of(self.sandbox.base_url, timeout)
        return TokenVault(
            client,
            store=f"sqlite:///{self.room}/tokens.db",
            keys=KeyRing.from_file(self.room / "keys.json"),
            journal=self.room / "answers",
        )

    @contextmanager
    def walk(self, name: str) -> Iterator[subprocess.Popen[str]]:
        """A process that does something; it is killed in the end."""
        arguments = [str(self.room), self.sandbox.base_url, self.open_id]
        with subprocess.Popen(  # noqa: S603 - arguments of our own
            [sys.executable, "-m", "tests.vault.journal_walks", name, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    @property
    def refreshes(self) -> int:
        """How many refresh requests there were."""
        return sum(entry.endpoint == "refresh" for entry in self.sandbox.requests())


def said(process: subprocess.Popen[str]) -> str:
    """The next line a process says."""
    return cast("IO[str]", process.stdout).readline().strip()


@pytest.mark.slow
def test_what_a_killed_process_had_is_brought_in_by_the_next_start(running: Running) -> None:
    """Killed between journal and write: the account works on, and TikTok was asked once."""
    with running.walk("refresh") as process:
        assert said(process) == "journaled"
        process.send_signal(signal.SIGKILL)
        process.wait(10)

    with running.vault() as vault:
        account = vault.account(running.open_id)
        assert account.access_token()
        assert running.refreshes == 1
        assert [event.kind for event in vault.timeline(account)] == ["refreshed", "connected"]
        account.refresh()
        account.user_info()
    assert {entry.outcome for entry in running.sandbox.requests()} == {"ok"}
    assert not list((running.room / "answers").glob("*.journal"))


@pytest.mark.slow
def test_the_journal_of_a_stopped_process_is_left_alone(running: Running) -> None:
    """It may go on any moment: nobody sends its token, or reads what it has not written."""
    with running.walk("refresh") as process, running.vault(timeout=0.5) as vault:
        assert said(process) == "journaled"
        process.send_signal(signal.SIGSTOP)
        account = vault.account(running.open_id)
        with pytest.raises(TikTokAPIError) as caught:
            account.refresh()
        assert caught.value.retryable
        assert running.refreshes == 1
        assert account.reload().status == "active"

        process.send_signal(signal.SIGCONT)
        cast("IO[str]", process.stdin).write("go on\n")
        cast("IO[str]", process.stdin).flush()
        assert said(process) == "written"
        process.wait(10)
        account.reload()
        account.user_info()
    assert running.refreshes == 1


@pytest.mark.slow
def test_without_room_for_an_answer_nothing_is_sent(running: Running) -> None:
    """A disk that is full before the request costs no token."""
    with running.walk("full_at_start") as process:
        assert said(process) == "StoreError True"
        process.wait(10)

    assert running.refreshes == 0
    with running.vault() as vault:
        vault.account(running.open_id).refresh()
    assert running.refreshes == 1


@pytest.mark.slow
def test_a_disk_that_fills_up_stops_requests_and_not_answers(tmp_path: Path) -> None:
    """Each request made has its answer written; when there is room again, it goes on."""
    done = subprocess.run(  # noqa: S603 - arguments of our own
        [sys.executable, "-m", "tests.vault.journal_walks", "full_later", str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "HOME": str(tmp_path)},
    )

    error, counts, status = done.stdout.splitlines()
    assert error.startswith("True")
    assert "journal" in error
    assert counts == "True True"
    assert status == "active"
