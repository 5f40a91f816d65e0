"""What a process asked the system to do with its files, one step after the other, by strace."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

Kind = Literal[
    "write", "append", "size", "sync", "sync data", "file", "directory", "gone", "link", "unknown"
]

_PLAIN: Mapping[str, Kind] = {
    "fdatasync": "sync data",
    "fsync": "sync",
    "mkdir": "directory",
    "unlink": "gone",
    "unlinkat": "gone",
}
_OPENED: Mapping[str, Kind] = {"O_CREAT": "file", "O_TRUNC": "size"}
_ABOUT_A_PLACE = ("openat", "linkat", "unlinkat")
_UNKNOWN = (
    *("copy_file_range", "fallocate", "mkdirat", "openat2", "pwritev", "pwritev2", "renameat"),
    *("renameat2", "sendfile", "symlink", "symlinkat", "truncate", "writev"),
)
"""What would change files, too, and nobody here does."""
_CALLS = (
    *(*_PLAIN, *_ABOUT_A_PLACE, *_UNKNOWN),
    *("ftruncate", "link", "pwrite64", "rename", "write"),
)
_CALL = re.compile(r"(\w+)\((.*)\)\s+= \d+", re.DOTALL)
_UNFINISHED = " <unfinished ...>"
_RESUMED = re.compile(r"<\.\.\. \w+ resumed>")
_TEXT = re.compile(r"[\"<]((?:\\x[0-9a-f]{2})*)[\">]")
_LONGEST = 1 << 23


class Step(NamedTuple):
    """One thing that was asked for.

    Attributes:
        kind: what; ``file`` and ``directory`` are made unless they are there, and ``link`` gives
            a file the name in ``data``, too. Of what is ``unknown``, ``data`` is the name.
        path: of which file or directory.
        at: where data goes, or a length.
        data: what is written.
    """

    kind: Kind
    path: str
    at: int = 0
    data: bytes = b""


def traced(command: Sequence[str], room: Path, log: Path) -> list[Step]:
    """Run a command; what it asked for in a directory.

    Args:
        command: exits with 0.
        room: the directory, as the command names it.
        log: where strace may write.
    """
    strace = ["strace", "-f", "-y", "-xx", "-s", str(_LONGEST), "-e", f"trace={','.join(_CALLS)}"]
    subprocess.run([*strace, "-o", str(log), *command], check=True)
    with log.open(encoding="ascii") as lines:
        found = (step for line in _whole(lines) for step in _steps(line))
        return [step for step in found if step.path.startswith(str(room))]


def _whole(lines: Iterator[str]) -> Iterator[str]:
    """Each call in one line, in its place when it was over."""
    begun: dict[str, str] = {}
    for line in lines:
        thread, _, call = line.rstrip("\n").partition(" ")
        call = call.lstrip()
        if call.endswith(_UNFINISHED):
            begun[thread] = call.removesuffix(_UNFINISHED)
        elif resumed := _RESUMED.match(call):
            yield begun.pop(thread) + call[resumed.end() :]
        else:
            yield call


def _steps(call: str) -> Iterator[Step]:
    parts = _CALL.match(call)
    if parts is None:  # A signal, or a call that failed.
        return
    name, arguments = parts.groups()
    texts = [bytes.fromhex(text.replace("\\x", "")) for text in _TEXT.findall(arguments)]
    if name in _ABOUT_A_PLACE:
        # Before each name, what it would be relative to; ours are not.
        texts = texts[1::2]
    path, number = texts[0].decode(), arguments.rpartition(", ")[2]
    match name:
        case "openat":
            yield from (Step(kind, path) for flag, kind in _OPENED.items() if flag in arguments)
        case "write":
            yield Step("append", path, 0, texts[1])
        case "pwrite64":
            yield Step("write", path, int(number), texts[1])
        case "ftruncate":
            yield Step("size", path, int(number))
        case "link" | "linkat" | "rename":
            yield Step("link", path, 0, texts[1])
            if name == "rename":
                yield Step("gone", path)
        case _:
            yield Step(_PLAIN.get(name, "unknown"), path, 0, name.encode())
