"""The journal's records: nothing torn, flipped or swapped ever gives a wrong token."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.scripted import NEXT_REFRESH_TOKEN, REFRESH_TOKEN, REFRESHED, answer
from tiktok_oauth import KeyRing, VaultKeyError
from tiktok_oauth.types import Secret
from tiktok_oauth.vault.refresh import answers
from tiktok_oauth.vault.refresh.answers import Answer
from tiktok_oauth.vault.sealing.cipher import Cipher
from tiktok_oauth.vault.stores.rows import Ref

if TYPE_CHECKING:
    from tiktok_oauth.protocol.http import HttpResponse

RING = KeyRing.generate()
CIPHER = Cipher(RING)
MINA = Ref("key", "mina")


def made(number: int = 1, response: HttpResponse | None = None) -> Answer:
    """An answer to a refresh."""
    return Answer(
        MINA,
        1,
        number,
        f"attempt-{number}",
        "tiktok-1-abc",
        Secret(REFRESH_TOKEN),
        Secret(REFRESH_TOKEN),
        number + 1,
        1_790_000_000.0 + number,
        response or answer(REFRESHED),
    )


RECORDS = [answers.encode(made(number), CIPHER) for number in range(3)]
JOURNAL = b"".join(RECORDS)
PAYLOADS = list(answers.split(JOURNAL))


def read(journal: bytes) -> list[Answer]:
    """The answers in a journal."""
    found = [answers.decode(payload, CIPHER) for payload in answers.split(journal)]
    return [one for one in found if one is not None]


def test_an_answer_comes_back_as_it_was() -> None:
    """Status, body and what it was bought with; of its headers those that somebody reads."""
    response = answer(b"\x00\xff<html>", 502, retry_after="7", x_tt_logid="L", set_cookie="a=b")

    [found] = read(answers.encode(made(response=response), CIPHER))

    assert found.response.body == response.body
    assert found.response.status == 502
    assert found.response.headers == {"retry-after": "7", "x-tt-logid": "L"}
    assert msgspec.structs.replace(found, response=response) == made(response=response)


def test_no_token_is_in_a_record_or_its_repr() -> None:
    """The row's name is in the clear, everything else is sealed."""
    assert b"mina" in JOURNAL
    for secret in (REFRESH_TOKEN, NEXT_REFRESH_TOKEN, REFRESHED["access_token"]):
        assert str(secret).encode() not in JOURNAL
        assert str(secret) not in repr(made())


def test_a_journal_torn_at_any_byte_gives_what_was_whole() -> None:
    """With or without the room that was taken ahead, nothing but whole records comes back."""
    ends = [len(b"".join(RECORDS[: count + 1])) for count in range(3)]
    for torn in range(len(JOURNAL)):
        for rest in (b"", bytes(100)):
            left = JOURNAL[:torn] + rest
            # A record whose last bytes are zeros is whole without them.
            whole = sum(left[:end] == JOURNAL[:end] for end in ends)

            assert list(answers.split(left)) == PAYLOADS[:whole]


@pytest.mark.slow
def test_a_flipped_bit_loses_one_record_at_most() -> None:
    """Every bit of the journal in turn: what comes back was written, and the others are there."""
    for bit in range(len(JOURNAL) * 8):
        flipped = bytearray(JOURNAL)
        flipped[bit // 8] ^= 1 << bit % 8

        found = list(answers.split(bytes(flipped)))

        assert len(found) >= 2
        assert all(payload in PAYLOADS for payload in found)


def resigned(payload: bytes) -> bytes:
    """A record whose checksum fits."""
    return struct.pack(">4sII", answers.MAGIC, len(payload), zlib.crc32(payload)) + payload


@given(st.integers(0, len(PAYLOADS[0]) - 1), st.integers(1, 255))
def test_an_altered_record_never_gives_another_token(place: int, change: int) -> None:
    """Where somebody mends the checksum, too, the seal tells."""
    altered = bytearray(PAYLOADS[0])
    altered[place] ^= change

    try:
        found = read(resigned(bytes(altered)))
    except VaultKeyError:
        return

    assert found == []


@given(st.binary(max_size=300))
def test_bytes_that_are_no_record_are_none(junk: bytes) -> None:
    """No exception but the typed one, whatever lies in the file."""
    assert list(answers.split(junk)) == []
    assert answers.label_of(junk) is None
    try:
        assert answers.decode(junk, CIPHER) is None
    except VaultKeyError:
        return


def test_a_record_of_another_row_does_not_open() -> None:
    """Sealed bytes that were moved to another account, consent or version are refused."""
    content = msgspec.msgpack.decode(PAYLOADS[0])
    for field, value in enumerate(("other", "jonas", 2, 7)):
        moved = [*content]
        moved[field] = value

        with pytest.raises(VaultKeyError):
            read(resigned(msgspec.msgpack.encode(moved)))


def test_a_record_of_another_key_says_which_is_missing() -> None:
    """The journal waits for somebody who has the key."""
    with pytest.raises(VaultKeyError, match=RING.active_id):
        answers.decode(PAYLOADS[0], Cipher(KeyRing.generate()))
    assert answers.label_of(PAYLOADS[0]) == ("key", RING.active_id)


def test_a_process_without_refresh_keys_writes_no_journal() -> None:
    """An access-only ring can neither seal nor open an answer."""
    cipher = Cipher(RING.for_access_only())

    with pytest.raises(VaultKeyError):
        answers.encode(made(), cipher)
    with pytest.raises(VaultKeyError):
        answers.decode(PAYLOADS[0], cipher)


@pytest.mark.parametrize(
    ("body", "token"),
    [
        (b'{"refresh_token":"rft.abcdefgh"', "rft.abcdefgh"),
        (b'{"expires_in":"x","refresh_token" : "rft.abcdefgh!1.u1", ...', "rft.abcdefgh!1.u1"),
        (b'<html>{"refresh_token":"rft.abcdefgh"}</html>', "rft.abcdefgh"),
        (b'{"refresh_token":"short"}', None),
        (b'{"refresh_token":"' + b"x" * 4097 + b'"}', None),
        (b'{"refresh_token":"with\\u0041escape"}', None),
        (b'{"refresh_token":12345678}', None),
        (b'{"refresh_token":"cut off in the midd', None),
        (b'{"refresh_token":"abcdefgh', None),
        (b'{"access_token":"act.abcdefgh"}', None),
        (b"\xff\xfe\x00", None),
        (b"", None),
    ],
)
def test_a_refresh_token_is_salvaged_where_it_stands_whole(body: bytes, token: str | None) -> None:
    """A broken answer may still hold it; half a token is none."""
    found = answers.salvage(answer(body))

    assert (None if found is None else found.reveal()) == token
