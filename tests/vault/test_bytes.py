"""What lies on disk: no secret to be read there, and nothing that can be moved unnoticed."""

from __future__ import annotations

import io
import logging
import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.postgres import postgres_server
from tests.support.scripted import silence_logging
from tests.support.vault import HOUR, SCOPES, Kept, Town
from tests.vault.made import due_claim
from tiktok_oauth import TikTokAPIError, VaultKeyError, configure_logging
from tiktok_oauth.sandbox.catalog import DEFAULT_APP
from tiktok_oauth.vault.moving.backup import back_up
from tiktok_oauth.vault.stores.postgres import PostgresDatabase
from tiktok_oauth.vault.stores.rows import Grant

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.vault import World

pytestmark = pytest.mark.slow
"""Works on files, again and again."""


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """All that is logged, at the finest level, with tracebacks."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    logging.getLogger().addHandler(handler)
    configure_logging(level="debug", stream=written)
    yield written
    silence_logging()
    logging.getLogger().removeHandler(handler)


def live(town: Town, vault: Any) -> None:  # noqa: ANN401 - of either kind
    """Everything that can happen to accounts, good and bad."""
    for person in ("mina", "jonas", "ayse"):
        account = town.login(vault, person, user_id=f"u-{person}")
        for _ in range(3):
            town.do(account.account.refresh)
    left = town.do(vault.begin_login, SCOPES)
    town.issued |= {left.binding, left.url.partition("state=")[2][:64]}
    faults = ("drop_after", "wrong_types", "missing_field", "garbage", "half_body", "unknown_code")
    for fault in faults:
        account = town.connect(vault, "ha")
        town.sandbox.fault(fault, endpoint="refresh", count=1)
        town.clock.advance(3 * HOUR)
        try:
            town.do(account.access_token)
        except TikTokAPIError as error:
            logging.getLogger("app").exception("failed", exc_info=error)
        town.sandbox.clear_faults()
        town.clock.advance(61)
    town.sandbox.disconnect("jonas")
    for account in town.do(vault.accounts):
        try:
            town.do(account.user_info)
            town.do(account.disconnect)
        except TikTokAPIError as error:
            logging.getLogger("app").exception("failed", exc_info=error)


def test_no_secret_can_be_read_anywhere(file_town: Town, tmp_path: Path, log: io.StringIO) -> None:
    """Database, its journal, answers, backup and log, while it runs and afterwards."""
    town = file_town
    vault = town.vault(town.client(redirect_uri="http://127.0.0.1:8000/callback"))
    live(town, vault)
    back_up(f"sqlite:///{tmp_path}/tokens.db", tmp_path / "backup.db")
    shutil.copytree(tmp_path, tmp_path / "running", ignore=lambda *_: ["running"])
    town.close()
    secrets = {secret.encode() for secret in town.issued} | {DEFAULT_APP.client_secret.encode()}

    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    found = [path.name for path in files for secret in secrets if secret in path.read_bytes()]

    assert found == []
    assert len(secrets) > 40
    assert {path.suffix for path in files} >= {".db", ".journal"}
    assert len(log.getvalue()) > 10_000
    assert not [secret for secret in secrets if secret.decode() in log.getvalue()]


def test_no_secret_can_be_read_at_a_database_server(world: World, tmp_path: Path) -> None:
    """Its tables, its log of changes, and a log of every statement with what was written."""
    with postgres_server() as server:
        server.run("ALTER SYSTEM SET log_statement = 'all'")
        server.run("SELECT pg_reload_conf()")
        url = server.new_database()
        town = Town(world, Kept(lambda _clock: PostgresDatabase(url), tmp_path / "answers"))
        vault = town.vault(town.client(redirect_uri="http://127.0.0.1:8000/callback"))
        live(town, vault)
        people = [account.open_id.encode() for account in town.do(vault.accounts)]
        town.close()
        server.run("CHECKPOINT")
        secrets = [secret.encode() for secret in town.issued]
        # A log shows bytes in hexadecimal.
        secrets += [secret.hex().encode() for secret in secrets]

        kept = [path for place in (server.room, tmp_path) for path in place.rglob("*")]
        files = {path: path.read_bytes() for path in kept if path.is_file()}
        found = [path for path, text in files.items() if any(map(text.__contains__, secrets))]
        seen = {part for path, text in files.items() if people[0] in text for part in path.parts}

    assert found == []
    assert len(secrets) > 80
    assert seen >= {"base", "pg_wal", "log"}


def test_what_was_replaced_is_not_left_in_free_pages(file_town: Town, tmp_path: Path) -> None:
    """Sealed tokens of an account that has left are overwritten: a key found later opens none."""
    town, vault = file_town, file_town.vault()
    account = town.connect(vault)
    sealed = [column(tmp_path, name, account.open_id) for name in ("access", "refresh")]

    town.do(account.disconnect)
    town.close()

    held = (tmp_path / "tokens.db").read_bytes()
    assert [blob for blob in sealed if blob in held] == []


def test_all_files_are_their_owners_alone(file_town: Town, tmp_path: Path) -> None:
    """Nobody else on the machine may read what is sealed, either."""
    town = file_town
    town.do(town.connect(town.vault()).refresh)
    back_up(f"sqlite:///{tmp_path}/tokens.db", tmp_path / "backup.db")

    for path in tmp_path.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


def change(tmp_path: Path, statement: str, *values: object) -> None:
    """Do to the database what only its owner could."""
    with closing(sqlite3.connect(tmp_path / "tokens.db")) as connection, connection:
        connection.execute(statement, values)


def column(tmp_path: Path, name: str, open_id: str) -> bytes:
    """A sealed column of an account."""
    with closing(sqlite3.connect(tmp_path / "tokens.db")) as connection:
        statement = f"SELECT {name} FROM accounts WHERE open_id = ?"  # noqa: S608 - our own names
        [value] = connection.execute(statement, (open_id,)).fetchone()
    return bytes(value)


def flipped(blob: bytes, bit: int) -> bytes:
    """The same bytes but for one bit."""
    changed = bytearray(blob)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def use_and_refuse(town: Town, open_id: str, name: str) -> None:
    """Using an altered column is a typed error that changes nothing and sends nothing."""
    account = town.do(town.vault().account, open_id)
    before, asked = town.row(account), len(town.sandbox.requests())

    error = town.refused(account.access_token if name == "access" else account.refresh)

    assert isinstance(error, VaultKeyError)
    assert not error.retryable
    assert account.status == "blocked"
    assert town.row(account) == before
    assert len(town.sandbox.requests()) == asked


@pytest.mark.parametrize("name", ["access", "refresh"])
def test_two_rows_cannot_be_swapped(file_town: Town, tmp_path: Path, name: str) -> None:
    """A sealed token opens for its own account only; put back, everything works."""
    town, vault = file_town, file_town.vault()
    mina, jonas = town.connect(vault, "mina").open_id, town.connect(vault, "jonas").open_id
    own, other = column(tmp_path, name, mina), column(tmp_path, name, jonas)
    swap = f"UPDATE accounts SET {name} = ? WHERE open_id = ?"  # noqa: S608 - our own names
    change(tmp_path, swap, other, mina)
    change(tmp_path, swap, own, jonas)

    for open_id in (mina, jonas):
        use_and_refuse(town, open_id, name)

    change(tmp_path, swap, own, mina)
    change(tmp_path, swap, other, jonas)
    for open_id in (mina, jonas):
        account = town.do(town.vault().account, open_id)
        assert town.accepts(town.do(account.access_token))
        town.do(account.refresh)


@pytest.mark.parametrize("name", ["access", "refresh"])
@pytest.mark.parametrize("bit", [0, 24, 39, 40, 100, 300, 500, -1])
def test_a_flipped_bit_is_noticed(file_town: Town, tmp_path: Path, name: str, bit: int) -> None:
    """In the head, the key's ID, the salt, the nonce, the text and the tag."""
    town = file_town
    open_id = town.connect(town.vault()).open_id
    blob = column(tmp_path, name, open_id)
    change(
        tmp_path,
        f"UPDATE accounts SET {name} = ?",  # noqa: S608 - our own names
        flipped(blob, bit % (8 * len(blob))),
    )

    use_and_refuse(town, open_id, name)


@pytest.mark.parametrize(("name", "other"), [("access", "refresh"), ("refresh", "access")])
def test_a_column_is_no_other_column(
    file_town: Town, tmp_path: Path, name: str, other: str
) -> None:
    """A refresh token does not open where an access token belongs, nor the other way round."""
    town = file_town
    open_id = town.connect(town.vault()).open_id
    change(tmp_path, f"UPDATE accounts SET {name} = {other}")  # noqa: S608 - our own names

    use_and_refuse(town, open_id, name)


@pytest.mark.parametrize("name", ["access", "refresh"])
def test_an_old_token_does_not_fit_a_newer_row(file_town: Town, tmp_path: Path, name: str) -> None:
    """Each sealed token belongs to one version of its row, and one consent."""
    town, vault = file_town, file_town.vault()
    account = town.connect(vault)
    old = column(tmp_path, name, account.open_id)
    back = f"UPDATE accounts SET {name} = ?"  # noqa: S608 - our own names
    town.do(account.refresh)
    change(tmp_path, back, old)
    use_and_refuse(town, account.open_id, name)

    town.clock.advance(1)
    town.connect(vault)
    change(tmp_path, back, old)
    use_and_refuse(town, account.open_id, name)


@pytest.mark.parametrize("blob", [b"", b"TTO", b"x" * 10_000, bytes(300)])
def test_what_is_no_sealed_token_is_refused(file_town: Town, tmp_path: Path, blob: bytes) -> None:
    """Truncated, empty or foreign bytes are the same typed error."""
    town = file_town
    open_id = town.connect(town.vault()).open_id
    change(tmp_path, "UPDATE accounts SET access = ?, refresh = ?", blob, blob)

    for name in ("access", "refresh"):
        use_and_refuse(town, open_id, name)


_COLUMNS = [
    name
    for name in Grant.__struct_fields__
    if name not in {"client_key", "open_id", "key_id", "attempt", "boot", "claimed_at"}
]
"""Those that one flipped bit can make anything of, and the row is still found; a key nobody knows
is a reason not to start at all."""


@pytest.mark.parametrize("damage", ["x'f5ff41'", "CAST(x'f5ff41' AS TEXT)"])
@pytest.mark.parametrize("name", _COLUMNS)
def test_an_altered_row_is_its_accounts_trouble_alone(
    file_town: Town, tmp_path: Path, name: str, damage: str
) -> None:
    """Bytes for text, and text that is none: the others are listed, claimed and refreshed."""
    town, vault = file_town, file_town.vault()
    altered, healthy = town.connect(vault, "mina"), town.connect(vault, "jonas")
    town.clock.advance(3 * HOUR)
    statement = f"UPDATE accounts SET {name} = {damage} WHERE open_id = ?"  # noqa: S608 - our own
    change(tmp_path, statement, altered.open_id)

    listed = [account.open_id for account in town.do(vault.accounts)]
    together = town.world.together([altered.access_token, healthy.access_token])
    due = town.store.claim_due(due_claim(client_keys=(healthy.client_key,), now=town.clock.now()))

    assert sorted(listed) == sorted((altered.open_id, healthy.open_id))
    assert town.accepts(together[1])
    assert healthy.open_id not in {grant.open_id for grant in due}
    assert town.row(healthy).ver == 2


def test_what_was_altered_is_found_by_its_status(file_town: Town, tmp_path: Path) -> None:
    """No column says so: an operator finds it by reading all accounts with the keys."""
    town, vault = file_town, file_town.vault()
    altered, healthy = town.connect(vault, "mina"), town.connect(vault, "jonas")
    blob = flipped(column(tmp_path, "refresh", altered.open_id), -1 % 8)
    change(tmp_path, "UPDATE accounts SET refresh = ? WHERE open_id = ?", blob, altered.open_id)

    found = {
        status: [account.open_id for account in town.do(vault.accounts, status=status)]
        for status in ("active", "blocked", "needs_login")
    }

    assert found == {
        "active": [healthy.open_id],
        "blocked": [altered.open_id],
        "needs_login": [],
    }


@pytest.mark.parametrize("bit", [0, 30, 70, 100, -1])
def test_a_fingerprint_that_was_altered_is_noticed_before_anything_is_sent(
    file_town: Town, tmp_path: Path, bit: int
) -> None:
    """By it the new tokens are written: they would find no place."""
    town = file_town
    open_id = town.connect(town.vault()).open_id
    blob = column(tmp_path, "fingerprint", open_id)
    change(tmp_path, "UPDATE accounts SET fingerprint = ?", flipped(blob, bit % (8 * len(blob))))

    use_and_refuse(town, open_id, "refresh")


def test_a_verifier_of_another_login_does_not_open(file_town: Town, tmp_path: Path) -> None:
    """A pending login's verifier belongs to its state."""
    town = file_town
    vault = town.vault(town.client(redirect_uri="http://127.0.0.1:8000/callback"))
    first, second = (town.do(vault.begin_login) for _ in range(2))
    change(tmp_path, "UPDATE logins SET verifier = (SELECT verifier FROM logins LIMIT 1)")

    outcomes = [
        _finished(town, vault, start.binding, town.callback(start.url)) for start in (first, second)
    ]

    assert sorted(outcomes) == ["LoginResult", "VaultKeyError"]
    assert len(town.calls("exchange")) == 1


def _finished(town: Town, vault: Any, binding: str, query: str) -> str:  # noqa: ANN401 - of either kind
    try:
        return type(town.do(vault.finish_login, query, binding)).__name__
    except TikTokAPIError as error:
        return type(error).__name__
