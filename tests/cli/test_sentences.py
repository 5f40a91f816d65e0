"""What goes wrong ends in a sentence that says what to do, and never in a traceback."""

from __future__ import annotations

import json
import os
import resource
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from tests.cli.terminal import KEY, done, dump, refused, run, url
from tiktok_oauth import InvalidTokenError, TikTokAPIError
from tiktok_oauth.cli.accounts import _target
from tiktok_oauth.cli.options import told
from tiktok_oauth.errors import store_error
from tiktok_oauth.vault.opening import keys_path, open_store, state_path
from tiktok_oauth.vault.refresh.ladder import disconnected, needs_login
from tiktok_oauth.vault.stores.sqliteconnection import durability

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture
def app(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Credentials that can be right."""
    monkeypatch.setenv("TIKTOK_CLIENT_KEY", KEY)
    monkeypatch.setenv("TIKTOK_CLIENT_SECRET", "kept-out-of-sight-0001")
    monkeypatch.setenv("TIKTOK_REDIRECT_URI", "http://127.0.0.1:8000/callback")
    return home


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize(
    "command", [("import", "-"), ("login", "--no-browser"), ("serve", "--port", "0")], ids=" ".join
)
def test_a_state_directory_that_cannot_be_made_is_told(
    command: tuple[str, ...], home: Path
) -> None:
    """With both ways out; and no key ring is announced that was not made."""
    (home / "state").write_text("a file where a directory should be")

    told = refused(1, *command, text=dump("anna"))

    assert "state/tiktok-oauth cannot be made" in told
    assert "XDG_STATE_HOME" in told
    assert "--database" in told
    assert "key ring" not in told


def test_a_key_ring_is_announced_when_it_was_made(home: Path) -> None:
    """Not before a failure that left none."""
    first = run("import", "-", "--database", f"sqlite:///{home}/none/t.db", text=dump("anna"))
    assert first.exit_code == 1
    assert "mkdir -p" in first.output
    assert "key ring" not in first.output

    second = run("import", "-", "--client-key", KEY, text=dump("anna"))
    assert f"A key ring was made for the new store: {keys_path()}." in second.stderr
    assert "key ring" not in run("import", "-", "--client-key", KEY, text=dump("ben")).stderr


@pytest.fixture
def busy() -> Iterator[int]:
    """A port that another program has."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


@pytest.mark.usefixtures("app")
def test_a_busy_port_is_told_before_a_login(busy: int) -> None:
    """With a free one beside it to take."""
    told = refused(1, "login", "--no-browser", "--port", str(busy))

    assert f"Port {busy} is busy" in told
    assert f"tiktok-oauth login --port {busy + 1}" in told


def export_beyond(size: int, output: Path) -> None:
    """Write more into an export than the system lets a file grow."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        with _target(output) as stream:
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
            stream.write(bytes(2 * size))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_an_export_that_finds_no_room_leaves_nothing(home: Path) -> None:
    """It is told, and half a file is no export."""
    output = home / "accounts.jsonl"

    with pytest.raises(click.ClickException) as failed:
        export_beyond(10_000, output)

    assert "accounts.jsonl cannot be written: File too large." in failed.value.message
    assert not output.exists()


@pytest.mark.parametrize(
    ("given", "status", "words"),
    [
        ("", 2, "names no store"),
        ("memory:", 2, "gone when the command ends"),
        ("sqlite:///~/t.db", 1, "Nothing replaces ~"),
    ],
)
def test_a_store_that_was_not_meant_is_not_used(
    given: str, status: int, words: str, home: Path
) -> None:
    """It is told what the URL says, and nothing is imported into it."""
    command = ("import", "-", "--client-key", KEY, "--database", given)

    assert words in refused(status, *command, text=dump("anna"))
    assert list(home.iterdir()) == []


@pytest.mark.slow
def test_the_doctor_sees_that_a_store_cannot_be_written(
    people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading it works, and the first refresh would not."""
    monkeypatch.setattr(os, "access", lambda path, _mode: Path(path).parent != state_path())

    looks = json.loads(run("doctor", "--offline", "--json").stdout)
    [finding] = [look for look in looks if look["name"] == "store"]

    assert people.is_dir()
    assert finding["verdict"] == "fail"
    assert "chmod u+w" in finding["mend"]


def test_a_store_without_a_write_ahead_log_raises_no_alarm() -> None:
    """It is said to do without one, and not that a log loses what is written."""
    why = durability((3, 40, 1)).why

    assert "does without the write-ahead log" in why
    assert "drop" not in why


@pytest.mark.slow
def test_a_frozen_store_tells_where_its_journals_are(people: Path) -> None:
    """By the directory of this one."""
    store = open_store(url())
    store.put_setting("frozen", b"restored")
    store.close()

    assert f"{people}/state/tiktok-oauth/tokens.db-answers\n" in run("unfreeze", text="n\n").output


@pytest.mark.slow
@pytest.mark.usefixtures("people")
def test_what_is_listed_can_be_asked_for() -> None:
    """A status that is printed is one that ``--status`` takes; ``active`` are all of them."""
    fresh = {"open_id": "carl", "access_token": "a", "refresh_token": "r", "expires_in": 3600}
    done("import", "-", "--client-key", KEY, text=json.dumps(fresh))

    for command, format_ in (("list", ["--json"]), ("export", [])):
        for status, people in (
            ("refresh_due", ["-anna", "ben"]),
            ("active", ["-anna", "ben", "carl"]),
        ):
            lines = done("accounts", command, *format_, "--status", status).splitlines()
            assert [json.loads(line)["open_id"] for line in lines] == people


def waits(seconds: float | None) -> TikTokAPIError:
    """An error that passes."""
    error = store_error("Not now.", "Try again after retry_after seconds.", retryable=True)
    error.retry_after = seconds
    return error


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (waits(41.2), 75, "Try again in 42 s."),
        (waits(None), 75, "Try again later."),
        (needs_login("expired"), 77, "Let the person log in again: tiktok-oauth login"),
        (disconnected(), 77, "Let the person log in: tiktok-oauth login"),
    ],
)
def test_what_to_do_is_told_in_commands_and_figures(
    error: TikTokAPIError, status: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """No name of a variable or a call of Python's; neither in JSON."""
    with pytest.raises(click.ClickException) as failed, told():
        raise error
    with pytest.raises(SystemExit) as ended, told(as_json=True):
        raise error

    assert (failed.value.exit_code, ended.value.code) == (status, status)
    assert words in failed.value.message
    assert json.loads(capsys.readouterr().err)["hint"] == words
    assert isinstance(error, InvalidTokenError) is (status == 77)
