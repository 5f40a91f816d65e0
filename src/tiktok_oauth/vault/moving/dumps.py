"""Reading dumps: CSV, JSON lines or one JSON array, a record at a time, whatever is in them."""

from __future__ import annotations

import csv
from collections import deque
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LONGEST_LINE = 1 << 20
_LARGEST_ARRAY = 64 << 20
_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Entry:
    """One record of a dump, or why there is none.

    Attributes:
        line: where it ends; in a JSON array, which one it is.
        record: names and values.
        problem: why it cannot be read.
    """

    line: int
    record: dict[str, object] | None
    problem: str = ""


class Dump:
    """The records of a file. Iterating never raises but for the disk's own errors.

    Args:
        stream: the file, in binary.

    Attributes:
        position: bytes read so far.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._number = 0
        self.position: int = 0

    def __iter__(self) -> Iterator[Entry]:
        """What is in it, in order."""
        head = self._read_line().removeprefix(_MARK)
        while head and not head.strip():
            head = self._read_line()
        if head.lstrip().startswith(b"["):
            yield from self._array(head)
        elif head:
            first, lines = self._text(head), iter(self._lines, "")
            is_json = first.lstrip().startswith("{")
            yield from (self._json_lines if is_json else self._table)(first, lines)

    def _lines(self) -> str:
        """The next line; nothing at the end."""
        return self._text(self._read_line())

    def _read_line(self) -> bytes:
        line = self._stream.readline(_LONGEST_LINE)
        self._number += 1
        self.position += len(line)
        return line

    def _text(self, line: bytes) -> str:
        """A line, cut where it gets too long for anything we look for."""
        piece = line
        while len(piece) == _LONGEST_LINE and not piece.endswith(b"\n"):
            piece = self._stream.readline(_LONGEST_LINE)
            self.position += len(piece)
        # Bytes that are no UTF-8 stay what they are: whoever would use them can tell.
        return line.decode("utf-8", "surrogateescape")

    def _json_lines(self, first: str, lines: Iterator[str]) -> Iterator[Entry]:
        yield _entry(self._number, first)
        for line in lines:
            if line.strip():
                yield _entry(self._number, line)

    def _array(self, head: bytes) -> Iterator[Entry]:
        rest = self._stream.read(_LARGEST_ARRAY)
        self.position += len(rest)
        if len(rest) == _LARGEST_ARRAY:
            yield Entry(1, None, "a JSON array of more than 64 MiB: write one object a line")
            return
        try:
            found = msgspec.json.decode(head + rest, type=list)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            yield Entry(1, None, "not JSON")
            return
        for number, value in enumerate(found, 1):
            yield _of(number, value)

    def _table(self, first: str, lines: Iterator[str]) -> Iterator[Entry]:
        try:
            names = next(csv.reader([first], delimiter=_delimiter(first)))
        except csv.Error:
            yield Entry(self._number, None, "not a line with the names of columns")
            return
        source = _Lines(lines, lambda: self._number)
        while True:
            source.begin()
            try:
                row = next(csv.reader(source, delimiter=_delimiter(first), strict=True), None)
            except csv.Error:
                yield Entry(source.go_back(), None, "not a line of CSV")
                continue
            if row is None:
                return
            if len(row) == len(names):
                yield Entry(source.number, dict(zip(names, row, strict=True)))
            elif row:
                problem = "more or fewer columns than the first line names"
                yield Entry(source.go_back(), None, problem)


class _Lines:
    """Lines of which all but the first can be given back.

    Args:
        lines: the lines.
        number: of the line that was read last.
    """

    def __init__(self, lines: Iterator[str], number: Callable[[], int]) -> None:
        self._lines = lines
        self._number = number
        self._back: deque[tuple[int, str]] = deque()
        self._taken: list[tuple[int, str]] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self._back:
            self._taken.append(self._back.popleft())
        else:
            line = next(self._lines)
            self._taken.append((self._number(), line))
        return self._taken[-1][1]

    def begin(self) -> None:
        """Take what comes next for the first line."""
        self._taken.clear()

    def go_back(self) -> int:
        """Go on behind the first line, and return its number.

        One quote too many in it has taken the lines behind it for its own.
        """
        self._back.extendleft(reversed(self._taken[1:]))
        del self._taken[1:]
        return self.number

    @property
    def number(self) -> int:
        """Of the last line that was taken."""
        return self._taken[-1][0]


def _entry(number: int, line: str) -> Entry:
    if not is_text(line):
        return Entry(number, None, "not UTF-8")
    try:
        return _of(number, msgspec.json.decode(line))
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return Entry(number, None, "not JSON")


def is_text(value: str) -> bool:
    """Whether all of it was UTF-8."""
    return value.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in value)


def _of(number: int, value: object) -> Entry:
    if isinstance(value, dict):
        return Entry(number, value)
    return Entry(number, None, "not a JSON object")


def _delimiter(first: str) -> str:
    """What stands between the names of the first line."""
    return max(",;\t", key=first.count)
