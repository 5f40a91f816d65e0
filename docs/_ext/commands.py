"""The command line, from click's own description of itself."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING

import click

from docs._ext.text import code, table
from tiktok_oauth.cli.root import root

if TYPE_CHECKING:
    from collections.abc import Iterator


def every_command(
    command: click.Command = root, path: tuple[str, ...] = ("tiktok-oauth",)
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Each command with the words it is called by, groups before what is in them."""
    yield path, command
    if isinstance(command, click.Group):
        with click.Context(command, info_name=path[-1]) as context:
            for name in command.list_commands(context):
                inner = command.get_command(context, name)
                if inner is not None:
                    yield from every_command(inner, (*path, name))


def commands() -> str:
    """A section for each command."""
    return "\n\n".join(_section(path, command) for path, command in every_command())


def _section(path: tuple[str, ...], command: click.Command) -> str:
    words = " ".join(path)
    with click.Context(command, info_name=words) as context:
        pieces = command.collect_usage_pieces(context)
        usage = " ".join((words, *pieces))
        options = [
            record
            for parameter in command.get_params(context)
            if (record := parameter.get_help_record(context))
        ]
    parts = [
        f"## {words}",
        f"```text\n{usage}\n```",
        _prose(inspect.cleandoc(command.help or "")),
    ]
    if options:
        parts.append(table(("option", "meaning"), ((code(a), _escaped(b)) for a, b in options)))
    if command.epilog:
        parts.append(_examples(command.epilog))
    return "\n\n".join(part for part in parts if part)


def _prose(text: str) -> str:
    return _escaped(text.replace("\x08\n", "")).strip()


def _escaped(text: str) -> str:
    return text.replace("*", "\\*").replace("<", "\\<")


def _examples(text: str) -> str:
    """An epilog: sentences, each above the command lines it is about."""
    parts: list[str] = []
    for block in re.split(r"\n\s*\n", text.replace("\x08\n", "").strip()):
        lines = block.splitlines()
        said = [line.strip() for line in lines if not line.startswith("    ")]
        typed = [line[4:] for line in lines if line.startswith("    ")]
        if said:
            parts.append(_escaped(" ".join(said)))
        if typed:
            parts.append("```text\n" + "\n".join(typed) + "\n```")
    return "\n\n".join(parts)
