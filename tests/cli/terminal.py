"""Commands typed in this process."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from click.testing import CliRunner

from tiktok_oauth.cli.root import root
from tiktok_oauth.vault.opening import state_path

if TYPE_CHECKING:
    from click.testing import Result

KEY = "sbawsandbox0000001"


def run(*arguments: str, text: str | bytes | None = None) -> Result:
    """Run the command line in this process."""
    return CliRunner().invoke(root, arguments, prog_name="tiktok-oauth", input=text)


def done(*arguments: str, text: str | bytes | None = None) -> str:
    """What a command prints that works."""
    result = run(*arguments, text=text)
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(status: int, *arguments: str, text: str | bytes | None = None) -> str:
    """What a command says that ends with a status, in a sentence and not by an exception."""
    result = run(*arguments, text=text)
    assert result.exit_code == status, result.output
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.output


def dump(*people: str) -> str:
    """A dump of some people."""
    records = [
        {"open_id": person, "access_token": f"act.{person}", "refresh_token": f"rft.{person}"}
        for person in people
    ]
    return "".join(json.dumps(record) + "\n" for record in records)


def url() -> str:
    """The store that commands use by default."""
    return f"sqlite:///{state_path() / 'tokens.db'}"
