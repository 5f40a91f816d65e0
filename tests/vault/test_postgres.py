"""What is PostgreSQL's own: servers that stop, sessions, processes, URLs."""

from __future__ import annotations

import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing
from multiprocessing import get_context
from secrets import token_hex
from typing import TYPE_CHECKING, TypeVar

import pytest

from tests.support.postgres import PASSWORD, Server, postgres_server
from tests.vault import pg_walks
from tests.vault.pg_walks import PID, consent
from tiktok_oauth import StoreError
from tiktok_oauth.vault.stores.postgres import PostgresDatabase, postgres_store
from tiktok_oauth.vault.stores.rows import AccountQuery, Ref

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tiktok_oauth.vault.stores.database import Transaction
    from tiktok_oauth.vault.stores.sqlstore import SqlStore

T = TypeVar("T")

END_MYSELF = "SELECT pg_terminate_backend(pg_backend_pid())"
END_ALL = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tiktok-oauth'
"""
DYING_AT_COMMIT = """
    CREATE TABLE t (v INTEGER);
    CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS
        E'BEGIN PERFORM pg_terminate_backend(pg_backend_pid())\\073 RETURN NULL\\073 END';
    CREATE CONSTRAINT TRIGGER dying AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION die()
"""
"""A table that takes rows, and whose sessions end when they commit some."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server that tests may stop, if they start it again."""
    with postgres_server() as running:
        yield running


@pytest.fixture
def url(server: Server) -> str:
    """An empty database."""
    return server.new_database()


@pytest.fixture
def store(url: str) -> Iterator[SqlStore]:
    """A store in it."""
    with closing(postgres_store(url)) as opened:
        yield opened


@pytest.fixture
def database(url: str) -> Iterator[PostgresDatabase]:
    """The same without a schema."""
    with closing(PostgresDatabase(url)) as opened:
        yield opened


def in_processes(walk: Callable[[str], T], urls: list[str]) -> list[T]:
    """Walk at once, each in a process of its own."""
    with ProcessPoolExecutor(len(urls), mp_context=get_context("spawn")) as pool:
        return list(pool.map(walk, urls, timeout=30))


def make(database: PostgresDatabase, statement: str) -> None:
    """Run one statement in a transaction of its own."""
    database.write(lambda transaction: transaction.run(statement, {}))


BAD_URLS = [
    "postgresql://bob:hunter2@db:54321b/vault",
    "postgresql://bob:hunter%2@db/vault",
    "postgresql://bob:hunter2@db/vault?colour=red",
    "postgresql://bob:hunter2@db/vault?pool_max=hunter2",
    "postgresql://bob:hunter2@db/vault?pool_max=0",
    "postgresql://bob:hunter2@127.0.0.1:1/vault",
    "postgresql://bob:hunter2@/vault?host=/nowhere",
    "postgresql://vault:bob@hunter2@127.0.0.1:1/vault",
    "postgresql://vault:bob@hunter2@127.0.0.1:1,127.0.0.1:2/vault",
    "postgresql://vault:bob/hunter2@127.0.0.1:1/vault",
    "postgresql://127.0.0.1:1/bob@hunter2@127.0.0.1:1/vault",
    "postgresql://vault:bob?hunter2@127.0.0.1:1/vault",
    "postgresql://vault:pass@bob-hunter2.invalid:1/vault",
]
"""In each of them, whatever may be a part of a password is bob or hunter2."""


@pytest.mark.parametrize("bad", BAD_URLS)
def test_a_bad_url_is_not_repeated(bad: str) -> None:
    """Neither error nor local variables of our frames show user or password."""
    with pytest.raises(StoreError) as failed:
        postgres_store(bad)

    ours = [entry for entry in failed.traceback if "tiktok_oauth" in str(entry.path)]
    seen = f"{failed.value!r} {[entry.frame.f_locals for entry in ours]}"
    assert "bob" not in seen
    assert "hunter" not in seen
    assert failed.value.__context__ is None


@pytest.mark.parametrize(
    "password", ["hun@ter", "hun/ter", "1/ter", "hun:t@er", "h@u@n", "a'b@c'd", "@", "/"]
)
def test_a_password_that_was_not_percent_encoded_is_told_as_that(password: str) -> None:
    """And not as a host that is not found, which would have a part of it for a name."""
    with pytest.raises(StoreError) as failed:
        postgres_store(f"postgresql://vault:{password}@127.0.0.1:1/tokens")

    assert failed.value.message == "The PostgreSQL URL is not valid."
    assert "percent-encoded" in failed.value.hint
    assert not failed.value.retryable


@pytest.mark.slow
def test_a_refusal_says_why_and_no_more(server: Server) -> None:
    """The server's reason is told without the names in it."""
    with pytest.raises(StoreError) as refused:
        postgres_store(server.url().replace("canary", "wrong"))
    with pytest.raises(StoreError) as unknown:
        postgres_store(server.url("no_such_database"))

    assert "password authentication failed for user" in refused.value.message
    assert 'database "..." does not exist' in unknown.value.message
    assert "the password in the URL" in refused.value.hint
    assert "Make a role and a database" in unknown.value.hint
    for error in (refused.value, unknown.value):
        assert error.retryable
        assert not {"vault", "wrong", PASSWORD, "no_such"} & set(repr(error).split('"'))


@pytest.mark.slow
def test_a_database_of_others_is_told_with_what_to_do(server: Server, url: str) -> None:
    """Where a name is taken, and where no table may be made."""
    with closing(PostgresDatabase(url)) as database:
        make(database, "CREATE TABLE accounts (id INTEGER)")
    name = f"guest_{token_hex(4)}"
    server.run(f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'")

    with pytest.raises(StoreError, match="42P07") as taken:
        postgres_store(url)
    with pytest.raises(StoreError, match="42501") as forbidden:
        postgres_store(server.new_database().replace("//vault:", f"//{name}:"))

    assert "Another program keeps a table there" in taken.value.hint
    assert "The role has to own the database" in forbidden.value.hint
    assert "Make a role and a database for the vault alone." in taken.value.hint


@pytest.mark.slow
def test_waiting_for_a_connection_ends(server: Server, url: str) -> None:
    """What stood in the way is told: all connections in use, or no server."""
    hurried = f"{url}?pool_max=1&pool_timeout=0.2"
    with closing(PostgresDatabase(hurried)) as database:

        def work(transaction: Transaction) -> None:
            transaction.run(PID, {})
            database.read(PID, {})

        with pytest.raises(StoreError, match=r"came free within 0\.2 seconds") as busy:
            database.write(work)
        server.stop()
        with pytest.raises(StoreError, match="Connection refused") as gone:
            database.read(PID, {})
        server.start()

        assert database.read("SELECT 1", {}) == [(1,)]
    assert busy.value.retryable
    assert gone.value.retryable


@pytest.mark.slow
def test_a_role_that_may_ask_little_will_do(server: Server, database: PostgresDatabase) -> None:
    """Where the system's identifier is not told, its timeline is."""
    whole = database.timeline()
    name = f"plain_{token_hex(4)}"
    server.run(f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'")
    server.run("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")

    with closing(PostgresDatabase(server.url().replace("//vault:", f"//{name}:"))) as plain:
        known = plain.timeline()

    assert known == whole.rpartition("/")[2]


@pytest.mark.slow
def test_commits_are_synchronous_whatever_the_database_says(server: Server, url: str) -> None:
    """What is acknowledged is on disk, though the database's default is another."""
    server.run(f"ALTER DATABASE {url.rpartition('/')[2]} SET synchronous_commit = off")

    with closing(postgres_store(url)) as store:
        described = store.describe()

    assert "synchronous_commit=on, no synchronous standby" in described
    assert "WARNING" not in described


@pytest.mark.slow
@pytest.mark.parametrize(
    ("parameter", "prepared"), [("", True), ("&prepare_threshold=none", False)]
)
def test_statements_are_prepared_unless_told_not_to(
    url: str, parameter: str, prepared: bool
) -> None:
    """Behind an old pooler, no statement may outlive its transaction."""
    with closing(PostgresDatabase(f"{url}?pool_max=1{parameter}")) as database:
        for _ in range(7):
            database.read(PID, {})
        [(count,)] = database.read("SELECT COUNT(*) FROM pg_prepared_statements", {})

    assert bool(count) is prepared


@pytest.mark.slow
def test_a_dead_connection_is_replaced(server: Server, store: SqlStore) -> None:
    """After a restart of the server, the first read and the first write succeed."""
    store.consent(consent(1))
    for write in (False, True):
        server.stop()
        server.start()
        if write:
            store.want(consent(1).ref, 0.0)
        else:
            assert store.get(consent(1).ref) is not None


@pytest.mark.slow
def test_work_that_was_cut_off_is_done_again(database: PostgresDatabase) -> None:
    """A transaction that never came to its commit is run once more, on another connection."""
    runs: list[object] = []

    def work(transaction: Transaction) -> int:
        runs.append(transaction.run(PID, {}))
        if len(runs) == 1:
            transaction.run(END_MYSELF, {})
        return len(runs)

    assert database.write(work) == 2
    assert runs[0] != runs[1]


@pytest.mark.slow
def test_a_commit_without_an_answer_is_told(database: PostgresDatabase) -> None:
    """Whether it was done is not known, so it is not done again on its own."""
    runs: list[Transaction] = []
    for statement in DYING_AT_COMMIT.split(";"):
        make(database, statement)

    def work(transaction: Transaction) -> None:
        runs.append(transaction)
        transaction.run("INSERT INTO t VALUES (1)", {})

    with pytest.raises(StoreError, match="not known whether") as failed:
        database.write(work)

    assert failed.value.retryable
    assert len(runs) == 1


@pytest.mark.slow
def test_a_deadlock_is_resolved(database: PostgresDatabase) -> None:
    """Of two that wait for each other, one is undone and run again: both get done."""
    make(database, "CREATE TABLE t (v INTEGER)")
    make(database, "INSERT INTO t VALUES (0), (10)")
    first_steps = threading.Barrier(2)
    runs: list[int] = []

    def add(low: int, high: int) -> None:
        def work(transaction: Transaction) -> None:
            between = {"low": low, "high": high}
            runs.append(low)
            statement = "UPDATE t SET v = v + 1 WHERE v BETWEEN :low AND :high"
            transaction.run(statement, between)
            if len(runs) <= 2:
                first_steps.wait(10)
            transaction.run(statement, {"low": 10 - low, "high": 18 - low})

        database.write(work)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(add, (0, 10), (8, 18)))

    assert sorted(database.read("SELECT v FROM t", {})) == [(2,), (12,)]
    assert len(runs) > 2


def write_through(
    store: SqlStore, disturb: Callable[[], None], times: int = 5
) -> tuple[set[str], list[BaseException]]:
    """Write from four threads during disturbances; what was acknowledged, and what raised."""
    over = threading.Event()
    acknowledged: set[str] = set()
    raised: list[BaseException] = []

    def write(start: int) -> None:
        number = start
        while not over.is_set():
            change = consent(number)
            try:
                store.consent(change)
            except Exception as error:  # noqa: BLE001 - looked at by the caller
                raised.append(error)
            else:
                acknowledged.add(change.ref.open_id)
            number += 1

    with ThreadPoolExecutor(4) as pool:
        writers = [pool.submit(write, thread * 100_000) for thread in range(4)]
        for _ in range(times):
            before = len(acknowledged)
            disturb()
            wait_until_more(acknowledged, before + 20)
        over.set()
        for writer in writers:
            writer.result()
    return acknowledged, raised


def wait_until_more(things: set[str], count: int) -> None:
    """Wait until there are so many."""
    pause = threading.Event()
    for _ in range(3_000):
        if len(things) >= count:
            return
        pause.wait(0.01)
    pytest.fail("waited in vain")


def stored(store: SqlStore) -> set[str]:
    """Who is in the store."""
    return {grant.open_id for grant in store.page(AccountQuery(limit=1_000_000))}


@pytest.mark.slow
def test_ended_sessions_lose_no_acknowledged_write(server: Server, store: SqlStore) -> None:
    """While an operator ends all sessions, a write is acknowledged and kept, or raises."""

    def end_all() -> None:
        server.run(END_ALL)

    acknowledged, raised = write_through(store, end_all)

    assert acknowledged <= stored(store)
    assert {type(error) for error in raised} <= {StoreError}


@pytest.mark.slow
def test_a_crashed_server_loses_no_acknowledged_write(server: Server, store: SqlStore) -> None:
    """While the server is stopped without warning and started, the same."""

    def crash() -> None:
        server.stop("immediate")
        server.start()

    acknowledged, raised = write_through(store, crash, times=3)

    assert acknowledged <= stored(store)
    assert {type(error) for error in raised} <= {StoreError}


@pytest.mark.slow
def test_a_fork_leaves_both_processes_working(url: str) -> None:
    """The child makes connections of its own, and the parent keeps the one it has."""
    [walked] = in_processes(pg_walks.fork, [url])

    assert walked == (0, True)


@pytest.mark.slow
def test_refreshers_share_what_is_due(url: str, store: SqlStore) -> None:
    """Four processes claim 500 due accounts: each account is claimed once, none is left."""
    for number in range(500):
        store.consent(consent(number))

    batches = in_processes(pg_walks.claim_all, [url] * 4)

    claimed = [open_id for batch in batches for open_id in batch]
    assert len(claimed) == 500
    assert set(claimed) == stored(store)


@pytest.mark.slow
def test_the_schema_is_made_once(url: str) -> None:
    """Processes that start at the same time on an empty database all come up."""
    assert in_processes(pg_walks.open_store, [url] * 4) == ["opened"] * 4


@pytest.mark.slow
def test_order_is_that_of_the_bytes(store: SqlStore) -> None:
    """No locale of the operating system decides what an index says."""
    for open_id in ("b", "B", "a", "_", "é"):
        change = consent(0)
        store.consent(type(change)(Ref("app", open_id), 1, None, 0.0, change.tokens, change.event))

    found = [grant.open_id for grant in store.page(AccountQuery())]

    assert found == ["B", "_", "a", "b", "é"]
