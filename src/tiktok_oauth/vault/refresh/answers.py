"""One raw answer of TikTok's, as the journal keeps it: written before anything parses it.

A record is bytes: ``"TTOJ" | length 4B | CRC-32 4B | payload``. The payload names the row in the
clear (it is no secret) and holds everything else sealed.
"""

from __future__ import annotations

import re
import struct
import zlib
from typing import TYPE_CHECKING

import msgspec

from tiktok_oauth.errors import VaultKeyError
from tiktok_oauth.protocol.http import HttpResponse
from tiktok_oauth.types import Secret
from tiktok_oauth.vault.sealing.cipher import Binding, Cipher
from tiktok_oauth.vault.sealing.material import SecretBytes
from tiktok_oauth.vault.stores.rows import Ref

if TYPE_CHECKING:
    from collections.abc import Iterator

MAGIC = b"TTOJ"
LARGEST = 128 * 1024
"""Bytes a record has at most: an answer is capped at half of it."""

_HEAD = struct.Struct(">4sII")
_REFRESH_TOKEN = re.compile(rb'"refresh_token"\s*:\s*"([\x21\x23-\x5b\x5d-\x7e]{8,4096})"')


class Answer(msgspec.Struct, frozen=True, gc=False):
    """What came back for one refresh, and what it was bought with.

    Attributes:
        ref: the account.
        gen: its consent when the claim was granted.
        ver: its token version then.
        attempt: the claim.
        correlation_id: of the call.
        stood: the refresh token that stood in the row.
        sent: the refresh token that was sent: the same, but for a candidate's turn.
        next_ver: the version of the tokens it brings: the one after that of ``sent``.
        asked_at: token time when the request was sent: lifetimes count from here.
        response: the answer, as it came.
    """

    ref: Ref
    gen: int
    ver: int
    attempt: str
    correlation_id: str
    stood: Secret
    sent: Secret
    next_ver: int
    asked_at: float
    response: HttpResponse


class _Sealed(msgspec.Struct, frozen=True, array_like=True):
    client_key: str
    open_id: str
    gen: int
    ver: int
    sealed: bytes


class _Content(msgspec.Struct, frozen=True, array_like=True):
    attempt: str
    correlation_id: str
    stood: str
    sent: str
    next_ver: int
    asked_at: float
    status: int
    headers: dict[str, str]
    body: bytes

    def __repr__(self) -> str:
        return "<journal content>"


_KEPT_HEADERS = ("x-tt-logid", "retry-after", "content-encoding")
_encode = msgspec.msgpack.Encoder().encode
_decode_outer = msgspec.msgpack.Decoder(_Sealed).decode
_decode_inner = msgspec.msgpack.Decoder(_Content).decode


class Draft:
    """A record whose answer is still to come.

    All that can be done ahead is done: from the answer's first byte until it is written the new
    tokens are in this process only.

    Args:
        question: the answer, but for its response.
        cipher: seals.

    Raises:
        VaultKeyError: this process may not seal for the journal.
    """

    __slots__ = ("_question", "_sealing")

    def __init__(self, question: Answer, cipher: Cipher) -> None:
        self._question = question
        self._sealing = cipher.prepare(_binding(question.ref, question.gen, question.ver))

    def finish(self, response: HttpResponse) -> bytes:
        """The record."""
        question, headers = self._question, response.headers
        sealed = self._sealing.finish(
            SecretBytes(
                _encode(
                    _Content(
                        question.attempt,
                        question.correlation_id,
                        question.stood.reveal(),
                        question.sent.reveal(),
                        question.next_ver,
                        question.asked_at,
                        response.status,
                        {name: value for name in _KEPT_HEADERS if (value := headers.get(name))},
                        response.body,
                    )
                )
            )
        )
        payload = _encode(_Sealed(*question.ref, question.gen, question.ver, sealed))
        return _HEAD.pack(MAGIC, len(payload), zlib.crc32(payload)) + payload


def encode(answer: Answer, cipher: Cipher) -> bytes:
    """An answer as a record.

    Raises:
        VaultKeyError: this process may not seal for the journal.
    """
    return Draft(answer, cipher).finish(answer.response)


def rehearse(cipher: Cipher) -> None:
    """Seal a record that says nothing and read it again: no answer waits for code that never ran.

    A process whose keys are for access tokens only has no answers to wait for.
    """
    if cipher.ring.access_only:
        return
    nothing = Answer(
        Ref("", ""), 0, 0, "", "", Secret(""), Secret(""), 0, 0.0, HttpResponse(0, {}, b"")
    )
    for payload in split(encode(nothing, cipher)):
        decode(payload, cipher)


def split(journal: bytes) -> Iterator[bytes]:
    """The payloads of a journal's whole records, in order; what is torn or altered is left out."""
    place = journal.find(MAGIC)
    while place >= 0:
        payload = _payload_at(journal, place)
        if payload is None:
            place += len(MAGIC)
        else:
            yield payload
            place += _HEAD.size + len(payload)
        place = journal.find(MAGIC, place)


def _payload_at(journal: bytes, place: int) -> bytes | None:
    begin = place + _HEAD.size
    if begin > len(journal):
        return None
    _, length, checksum = _HEAD.unpack_from(journal, place)
    payload = journal[begin : begin + min(length, LARGEST)]
    # Of a head that was torn the rest is zero, and so is the checksum of nothing.
    is_whole = 0 < len(payload) == length and zlib.crc32(payload) == checksum
    return payload if is_whole else None


def decode(payload: bytes, cipher: Cipher) -> Answer | None:
    """The answer in a record; None when the bytes are no record.

    Raises:
        VaultKeyError: its key is missing, or it was altered.
    """
    try:
        outer = _decode_outer(payload)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    ref = Ref(outer.client_key, outer.open_id)
    opened = cipher.open(outer.sealed, _binding(ref, outer.gen, outer.ver))
    inner = _decode_inner(opened)
    return Answer(
        ref,
        outer.gen,
        outer.ver,
        inner.attempt,
        inner.correlation_id,
        Secret(inner.stood),
        Secret(inner.sent),
        inner.next_ver,
        inner.asked_at,
        HttpResponse(inner.status, inner.headers, inner.body),
    )


def label_of(payload: bytes) -> tuple[str, str] | None:
    """A record's app, and the ID of the key it was sealed with; None when the bytes are none."""
    try:
        outer = _decode_outer(payload)
        return outer.client_key, Cipher.key_id_of(outer.sealed)
    except (msgspec.DecodeError, UnicodeDecodeError, VaultKeyError):
        return None


def salvage(response: HttpResponse) -> Secret | None:
    """The refresh token in an answer that nothing else can be read from."""
    found = _REFRESH_TOKEN.search(response.body)
    return None if found is None else Secret(found[1].decode("ascii"))


def _binding(ref: Ref, gen: int, ver: int) -> Binding:
    return Binding("journal", ref.client_key, ref.open_id, gen, ver)
