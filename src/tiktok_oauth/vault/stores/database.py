"""``Database``: one SQL database under ``SqlStore``. Its author writes no SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

T = TypeVar("T")
Value = str | int | float | bytes | None
Row = tuple[Value, ...]


class Transaction(Protocol):
    """What one piece of work does inside a transaction. Statements are those of ``sql``."""

    def run(self, statement: str, parameters: Mapping[str, Value]) -> list[Row]:
        """Run one statement; the rows it returns, if any."""
        ...

    def change(self, statement: str, parameters: Sequence[Mapping[str, Value]]) -> list[int]:
        """Run a writing statement with each set of parameters; how many rows each has changed."""
        ...


class Database(Protocol):
    """One SQL database: connections, transactions and dialect, nothing else."""

    def describe(self) -> str:
        """As ``Store.describe``."""
        ...

    @property
    def may_forget(self) -> bool:
        """As ``Store.may_forget``."""
        ...

    def timeline(self) -> str:
        """As ``Store.timeline``."""
        ...

    def read(self, statement: str, parameters: Mapping[str, Value]) -> list[Row]:
        """Run one reading statement outside of any transaction."""
        ...

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Run work in a transaction, which others that come at the same time may share.

        It is durable when this returns, and undone alone when it raises. Work may be run more
        than once, so it has no other effects.
        """
        ...

    def close(self) -> None:
        """As ``Store.close``."""
        ...
