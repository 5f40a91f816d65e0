"""What is typed on our pages besides Python can be typed: commands, their options, JSON, SQL."""

from __future__ import annotations

import json
import re
import shlex
import sqlite3
import subprocess
import tomllib
from configparser import ConfigParser
from contextlib import closing
from typing import TYPE_CHECKING

import click
import pytest
import yaml

from docs._ext.commands import every_command
from tests.docs.pages import DOCS, ROOT, Block, blocks, commands, name_of, pages
from tiktok_oauth.cli.root import root
from tiktok_oauth.vault.opening import open_store

if TYPE_CHECKING:
    from pathlib import Path

PAGES = pages()
KNOWN = {
    "",
    "console",
    "ini",
    "javascript",
    "json",
    "python",
    "sh",
    "sql",
    "text",
    "toml",
    "typescript",
    "yaml",
}
"""Languages that are shown. Whoever adds one adds how it is checked."""
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
EXTRAS = set(
    tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
)
SUBSTITUTED = re.compile(r"\$\((?!tiktok-oauth)[^)]*\)")
OURS = re.compile(r"(?:^|[|;&(]|\$\()\s*tiktok-oauth\s([^|;&)\n]*(?:\\\n[^|;&)\n]*)*)")


def all_blocks(language: str) -> list[Block]:
    """Every block in a language, of all pages."""
    return [block for page in PAGES for block in blocks(page) if block.language == language]


def check_options(command: click.Command, words: list[str], name: str = "tiktok-oauth") -> None:
    """Let click read a command line without running anything.

    Raises:
        click.UsageError: there is no such command or option, or an argument is missing.
    """
    with click.Context(command, info_name=name, **command.context_settings) as context:
        parser = command.make_parser(context)
        _, rest, _ = parser.parse_args(list(words))
        if isinstance(command, click.Group) and rest:
            found, inner, after = command.resolve_command(context, rest)
            assert inner is not None
            check_options(inner, after, found or name)
        elif not isinstance(command, click.Group):
            assert not rest, f"{name} takes no {rest}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_can_be_typed(page: Path) -> None:
    """Each is a command line to a shell, and our own are known, with all their options."""
    for line in commands(page):
        shell = subprocess.run(
            ["/bin/sh", "-n"], input=line, capture_output=True, text=True, check=False
        )
        assert shell.returncode == 0, line
        for ours in OURS.findall(SUBSTITUTED.sub("X", line)):
            check_options(root, shlex.split(ours.replace("\\\n", " "), comments=True))


def test_examples_in_the_help_can_be_typed() -> None:
    """Each command's own examples are right, too: the reference shows them."""
    for _, command in every_command():
        for line in re.findall(r"^ {4}tiktok-oauth (.*)$", command.epilog or "", re.MULTILINE):
            typed = SUBSTITUTED.sub("X", line).partition(" > ")[0]
            check_options(root, shlex.split(typed.rstrip("\\")))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_make_and_pip_are_asked_for_what_there_is(page: Path) -> None:
    """Targets are the Makefile's, extras are the package's."""
    for line in commands(page):
        for target in re.findall(r"^make ([a-z-]+)", line):
            assert target in TARGETS, line
        for extras in re.findall(r"tiktok-oauth\[([a-z,]+)\]", line):
            assert set(extras.split(",")) <= EXTRAS, line


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_block_says_what_it_is(page: Path) -> None:
    """Its language is one we know how to check, or it is a directive."""
    said = {block.language for block in blocks(page)}

    assert {language for language in said if not language.startswith("{")} <= KNOWN


def test_settings_are_whole() -> None:
    """What is shown as JSON, TOML, YAML or INI can be parsed."""
    for block in all_blocks("json"):
        json.loads(block.text)
    for block in all_blocks("toml"):
        tomllib.loads(block.text)
    for block in all_blocks("yaml"):
        assert isinstance(yaml.safe_load(block.text), dict)
    for block in all_blocks("ini"):
        ConfigParser().read_string(f"[pgbouncer]\n{block.text}")


def test_sql_can_be_asked(tmp_path: Path) -> None:
    """Every statement on the pages is understood by a database with our schema."""
    path = tmp_path / "tokens.db"
    open_store(f"sqlite:///{path}").close()
    with closing(sqlite3.connect(path)) as database:
        database.create_function("to_timestamp", 1, float)
        shown = "".join(block.text for block in all_blocks("sql"))
        statements = [text.strip() for text in shown.split(";") if text.strip()]

        assert statements
        for statement in statements:
            if statement.startswith(("SELECT", "INSERT")):
                database.execute(f"EXPLAIN {statement}")


def test_a_store_is_frozen_by_hand_as_the_page_says(tmp_path: Path) -> None:
    """What is typed at SQLite's own prompt has the type that every other setting has."""
    [line] = [one for one in commands(DOCS / "how-to/back-up-and-restore.md") if "sqlite3" in one]
    path = tmp_path / "tokens.db"
    open_store(f"sqlite:///{path}").close()
    with closing(sqlite3.connect(path)) as database:
        database.execute(shlex.split(line)[2])
        database.commit()
        kinds = database.execute("SELECT DISTINCT typeof(value) FROM settings").fetchall()

    assert kinds == [("blob",)]
    with closing(open_store(f"sqlite:///{path}")) as store:
        assert store.setting("frozen") == b"restored"
