"""What goes over the airlock's socket: one JSON object a line, each answer with its call's number.

Nothing here is logged. Codes and bindings travel as ``Secret``, so that no ``repr`` shows them.
"""

from __future__ import annotations

import os
import socket
import stat
import struct
from typing import TYPE_CHECKING, Any

import msgspec

from tiktok_oauth import errors
from tiktok_oauth.errors import LoginError, LoginReason, ScopeError, TikTokAPIError, TikTokErrorCode
from tiktok_oauth.service.airlock.port import Finished  # noqa: TC001 - read when decoded
from tiktok_oauth.types import Secret
from tiktok_oauth.vault.fleet.progress import Progress  # noqa: TC001 - as above

if TYPE_CHECKING:
    from pathlib import Path

LONGEST_LINE = 1 << 17
_CREDENTIALS = "3i"
_ROOT = 0
_CLASSES = {
    name: kind
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, TikTokAPIError)
}


class FinishLogin(msgspec.Struct, frozen=True, tag="finish_login"):
    """Finish a login."""

    number: int
    query: Secret
    binding: Secret
    correlation_id: str | None


class Wake(msgspec.Struct, frozen=True, tag="wake"):
    """Let the refresher look now."""

    number: int


class AskProgress(msgspec.Struct, frozen=True, tag="progress"):
    """Tell how the refresher gets on."""

    number: int


class Failure(msgspec.Struct, frozen=True, omit_defaults=True):
    """An error of the library's, whole."""

    kind: str
    code: TikTokErrorCode
    message: str
    correlation_id: str
    retryable: bool
    status_code: int
    log_id: str | None = None
    hint: str = ""
    tiktok_code: str | None = None
    http_status: int | None = None
    method: str = ""
    attempts: int = 0
    never_sent: bool = False
    retry_after: float | None = None
    lost_in_flight: bool = False
    reason: LoginReason = "missing"
    missing: frozenset[str] = frozenset()


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of a call: at most one of these, and none for a call that tells nothing."""

    number: int
    finished: Finished | None = None
    progress: Progress | None = None
    failure: Failure | None = None


Call = FinishLogin | Wake | AskProgress

_encoder = msgspec.json.Encoder(enc_hook=lambda secret: secret.reveal())
_calls = msgspec.json.Decoder(Call, dec_hook=lambda _, text: Secret(str(text)))
_answers = msgspec.json.Decoder(Answer)


def encode(message: Call | Answer) -> bytes:
    """A line."""
    return _encoder.encode(message) + b"\n"


def decode_call(line: bytes) -> Call:
    """A call from its line.

    Raises:
        DecodeError: it is none.
    """
    call: Call = _calls.decode(line)
    return call


def decode_answer(line: bytes) -> Answer:
    """An answer from its line.

    Raises:
        DecodeError: it is none.
    """
    return _answers.decode(line)


def pack(error: TikTokAPIError) -> Failure:
    """An error, as it travels."""
    names = [field.name for field in msgspec.structs.fields(Failure)]
    fields: dict[str, Any] = {name: getattr(error, name) for name in names if hasattr(error, name)}
    fields["kind"] = _kind_of(error).__name__
    return Failure(**fields)


def unpack(failure: Failure) -> TikTokAPIError:
    """The error that was packed: the same class, with the same of everything."""
    kind = _CLASSES.get(failure.kind, TikTokAPIError)
    error = kind(
        failure.code,
        failure.message,
        failure.correlation_id,
        failure.retryable,
        failure.status_code,
        failure.log_id,
        hint=failure.hint,
        tiktok_code=failure.tiktok_code,
        http_status=failure.http_status,
    )
    error.method, error.attempts = failure.method, failure.attempts
    error.never_sent, error.lost_in_flight = failure.never_sent, failure.lost_in_flight
    error.retry_after = failure.retry_after
    if isinstance(error, LoginError):
        error.reason = failure.reason
    if isinstance(error, ScopeError):
        error.missing = failure.missing
    return error


def _kind_of(error: TikTokAPIError) -> type[TikTokAPIError]:
    """The class of ours that an error is of, were it a program's own below it."""
    return next(kind for kind in type(error).__mro__ if kind in _CLASSES.values())


def is_ours(connection: socket.socket) -> bool:
    """Whether the process at the other end runs as our user, or as root.

    Where the system cannot tell, the mode of the directory has to do.
    """
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return True
    size = struct.calcsize(_CREDENTIALS)
    told = connection.getsockopt(socket.SOL_SOCKET, option, size)
    _, user, _ = struct.unpack(_CREDENTIALS, told)
    return user in {os.geteuid(), _ROOT}


def privacy_problem(directory: Path) -> str | None:
    """Who else could get at what is in a directory; None when nobody could."""
    status = directory.lstat()
    if not stat.S_ISDIR(status.st_mode):
        return f"{directory} is no directory."
    if status.st_uid != os.geteuid():
        return f"{directory} belongs to user ID {status.st_uid}, not to this one."
    if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        return f"Others than its owner can enter {directory}. Run: chmod 700 {directory}"
    return None
