"""API keys by command, completion for shells, and JSON for programs."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import click
import pytest
from click.testing import CliRunner

from tests.cli.terminal import done, run
from tiktok_oauth.cli.root import root
from tiktok_oauth.service.registry.keys import is_right, read_key
from tiktok_oauth.service.registry.registry import Registry
from tiktok_oauth.vault.stores.sqlite import sqlite_store

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("home")

LONG_RUNNING = {"dashboard", "refresher", "sandbox", "serve"}
"""Those that run until they are stopped: a stream is what they tell."""
TEXTS = {"completion", "accounts export", "login"}
"""Those whose output is a format of its own, or a conversation."""


@pytest.fixture
def database(home: Path) -> str:
    """The URL of a new store."""
    return f"sqlite:///{home / 'service.db'}"


def listed(database: str) -> list[dict[str, Any]]:
    """All keys."""
    found: list[dict[str, Any]] = json.loads(
        done("api-keys", "list", "--json", "--database", database)
    )
    return found


def test_a_new_key_is_printed_and_nothing_else(database: str) -> None:
    """So that a script can take it; it is the one that the service knows."""
    result = run("api-keys", "new", "the shop", "--scope", "read", "--database", database)

    secret = result.stdout.strip()
    assert "not shown again" in result.stderr
    opened = sqlite_store(database)
    sent = read_key(secret)
    assert sent is not None
    assert is_right(sent, Registry(opened.database).find_key(sent.key_id))
    opened.close()
    assert secret not in done("api-keys", "list", "--database", database)


@pytest.mark.slow
def test_keys_are_listed_and_revoked(database: str) -> None:
    """When somebody says yes; twice is a mistake."""
    made = json.loads(done("api-keys", "new", "shop", "--json", "--database", database))
    key_id = made["key_id"]
    assert (made["scope"], listed(database)[0]["last_used_at"]) == ("token", None)
    assert "never used" in done("api-keys", "list", "--database", database)

    assert run("api-keys", "revoke", key_id, "--database", database, text="n\n").exit_code == 1
    assert listed(database)[0]["revoked_at"] is None
    assert done("api-keys", "revoke", key_id, "--yes", "--database", database) == "Revoked.\n"
    assert listed(database)[0]["revoked_at"] is not None
    assert run("api-keys", "revoke", key_id, "--yes", "--database", database).exit_code == 1
    assert run("api-keys", "new", "\n", "--database", database).exit_code == 1


@pytest.mark.parametrize(
    ("shell", "words"), [("bash", "complete"), ("zsh", "compdef"), ("fish", "function")]
)
def test_a_shell_gets_its_own_script(shell: str, words: str) -> None:
    """Which asks the command itself for what may come next."""
    script = done("completion", shell)

    assert words in script
    assert "_TIKTOK_OAUTH_COMPLETE" in script
    if shutil.which(shell):
        checked = [shutil.which(shell) or "", "--no-execute" if shell == "fish" else "-n"]
        assert subprocess.run(checked, input=script, text=True, check=False).returncode == 0  # noqa: S603 - a shell


@pytest.mark.parametrize(
    ("typed", "offered"),
    [("acc", {"accounts"}), ("api-keys re", {"revoke"}), ("keys re", {"reseal", "retire"})],
)
def test_the_tab_key_knows_what_may_come_next(typed: str, offered: set[str]) -> None:
    """Commands, and commands of commands."""
    words = f"tiktok-oauth {typed}"
    variables = {
        "_TIKTOK_OAUTH_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(words.count(" ")),
    }
    result = CliRunner().invoke(root, [], prog_name="tiktok-oauth", env=variables)

    assert {line.partition(",")[2] for line in result.stdout.splitlines()} == offered


def commands() -> dict[str, click.Command]:
    """All commands that do something, by what one types."""
    context = click.Context(root)
    found = {}
    for name in root.list_commands(context):
        command = root.get_command(context, name)
        assert command is not None
        inner = command.commands if isinstance(command, click.Group) else {"": command}
        found.update({f"{name} {more}".strip(): one for more, one in inner.items()})
    return found


@pytest.mark.parametrize("name", sorted(set(commands()) - LONG_RUNNING - TEXTS))
def test_every_command_speaks_json(name: str) -> None:
    """With the same option."""
    assert "--json" in {flag for option in commands()[name].params for flag in option.opts}


@pytest.mark.slow
@pytest.mark.usefixtures("people")
def test_what_commands_tell_programs_is_json(home: Path) -> None:
    """One object each, on standard output."""
    backup = json.loads(done("backup", str(home / "b.db"), "--json"))
    assert backup["accounts"] == 2
    assert json.loads(done("unfreeze", "--json"))["was_frozen"] is False
    ring = json.loads(done("keys", "check", "--json"))
    assert ring["active"] == json.loads(done("keys", "list", "--json"))[0]["id"]
    assert json.loads(done("keys", "add", "--json"))["keys"][0] == ring["active"]
    assert json.loads(done("keys", "reseal", "--json"))["done"] is True
    assert json.loads(done("accounts", "erase", "ben", "--yes", "--json"))["erased"] is True


@pytest.mark.slow
@pytest.mark.usefixtures("people")
def test_an_error_is_json_where_json_was_asked_for() -> None:
    """On standard error, with what a program decides by; the status is the same as ever."""
    words = ("accounts", "show", "nobody")
    result = run(*words, "--json")

    told = json.loads(result.stderr)
    assert (told["code"], told["action"]) == ("VALIDATION_ERROR", "fail")
    assert result.stdout == ""
    assert result.exit_code == run(*words).exit_code == 1
