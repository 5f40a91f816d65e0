"""Looks for secrets in whatever a program may print, store or send to an error tracker."""

from __future__ import annotations

import io
import logging
import pickle
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec

from tests.support.scripted import Recorder, silence_logging
from tiktok_oauth import configure_logging

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

MARK = "c4nary"
"""What every secret of these tests has in it."""

SECRET = f"S{MARK}0secret0of0the0app"
PREVIOUS = f"P{MARK}0previous0secret"
CODE = f"{MARK}-code*1!4520.u1"
VERIFIER = f"{MARK}-verifier-" + "v" * 40
ACCESS = f"act.{MARK}-access!4521.u1"
REFRESH = f"rft.{MARK}-refresh!4522.u1"
BARE = f"{MARK}-token-of-no-known-shape"
QR_TOKEN = f"QR{MARK}TOKEN"


def shown_by_value(value: object) -> str:
    """Every way a value turns into text."""
    return f"{value} {value!r} {[value]} {value!s:>5}"


def shown_by_error(error: BaseException | None) -> str:
    """An error, its causes, and the local variables of every frame but the tests' own."""
    texts = []
    todo: list[BaseException | None] = [error]
    seen: set[int] = set()
    while todo:
        one = todo.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        texts += [shown_by_value(one), repr(one.args), repr(vars(one)), repr(pickle.dumps(one))]
        texts += shown_by_frames(one.__traceback__)
        todo += [one.__cause__, one.__context__]
    return "\n".join(texts)


def shown_by_frames(traceback: TracebackType | None) -> Iterator[str]:
    """What an error tracker records: each local variable's ``repr``."""
    while traceback is not None:
        frame = traceback.tb_frame
        if "/tests/" not in frame.f_code.co_filename:
            for name, value in frame.f_locals.items():
                yield f"{frame.f_code.co_qualname}.{name} = {value!r}"
        traceback = traceback.tb_next


class Keeper(logging.Handler):
    """Keeps log records."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one."""
        self.records.append(record)


class Watch:
    """What a client said while it was watched."""

    def __init__(self, client: Any) -> None:  # noqa: ANN401 - either client
        self.client = client
        self.stream = io.StringIO()
        self.keeper = Keeper()
        self.recorder = Recorder()

    def shown(self) -> str:
        """Log lines, records, events and the client itself."""
        texts = [self.stream.getvalue(), shown_by_value(self.client), repr(vars(self.client))]
        texts += [repr(vars(record)) for record in self.keeper.records]
        for event in self.recorder.events:
            texts += [shown_by_value(event), repr(pickle.dumps(event))]
        return "\n".join(texts)


@contextmanager
def watching(client: Any, *, as_json: bool) -> Iterator[Watch]:  # noqa: ANN401 - either client
    """Watch a client's log at its lowest level, and its events."""
    watch = Watch(client)
    logger = logging.getLogger("tiktok_oauth")
    configure_logging(json=as_json, level="debug", stream=watch.stream)
    logger.addHandler(watch.keeper)
    core = client._core  # noqa: SLF001 - listens in

    def report(event: Any) -> None:  # noqa: ANN401 - any event
        watch.recorder(event)
        core.report(event)

    client._core = msgspec.structs.replace(core, report=report)  # noqa: SLF001 - listens in
    try:
        yield watch
    finally:
        client._core = core  # noqa: SLF001 - leaves it as it was
        silence_logging()


def leaks(text: str) -> list[str]:
    """The lines of a text that hold a secret, shortened."""
    lines = [line for line in text.splitlines() if MARK in line]
    return [line[max(0, line.index(MARK) - 200) : line.index(MARK) + 60] for line in lines]
