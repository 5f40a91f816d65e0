"""Another program, asked questions in lines of JSON: it holds a client, and its state, for us."""

from __future__ import annotations

import json
import os
import select
import subprocess
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

PATIENCE = 60
"""Seconds until a program that does not answer has failed."""


class ProgramError(Exception):
    """The program's answer is an error; its text is the other language's."""


class Program:
    """A running program, for as long as the ``with`` block lasts.

    Args:
        command: what to run.
        folder: where.
        settings: what to add to the environment.
    """

    def __init__(self, command: Sequence[str], folder: Path, settings: Mapping[str, str]) -> None:
        # Nothing between a client and a sandbox on the same machine.
        direct = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
        self._process = subprocess.Popen(  # noqa: S603 - a program of ours
            command,
            cwd=folder,
            env={**os.environ, **direct, **settings},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def ask(self, call: str, **given: object) -> Any:  # noqa: ANN401 - whatever JSON holds
        """Return the answer to one call.

        Raises:
            ProgramError: the call failed.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        question = json.dumps({"call": call, "given": given}).encode()
        self._process.stdin.write(question + b"\n")
        self._process.stdin.flush()
        ready, _, _ = select.select([self._process.stdout], [], [], PATIENCE)
        line = self._process.stdout.readline() if ready else b""
        if not line:
            raise ProgramError(f"no answer to {call}")
        answer = json.loads(line)
        if "error" in answer:
            raise ProgramError(answer["error"])
        return answer["value"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()
