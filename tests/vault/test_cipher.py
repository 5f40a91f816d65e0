"""Sealed values open where they belong, with the right key, and nowhere else."""

from __future__ import annotations

import hmac
from typing import get_args

import msgspec
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from tests.support.leaks import KEY, TEXT, report, shows
from tiktok_oauth.errors import TikTokErrorCode, VaultKeyError
from tiktok_oauth.types import Secret
from tiktok_oauth.vault.sealing.cipher import Binding, Cipher, Purpose
from tiktok_oauth.vault.sealing.keyring import KeyRing

RING = KeyRing.parse(f"k1:{TEXT}")
CIPHER = Cipher(RING)
BINDING = Binding("refresh", "aw1234567890", "-000person", gen=2, ver=7)
TOKEN = Secret("rft.CANARY-token")
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)
BINDINGS = st.builds(
    Binding,
    st.sampled_from(PURPOSES),
    st.text(),
    st.text(),
    gen=st.integers(),
    ver=st.integers(),
)


def bound_to(purpose: Purpose) -> Binding:
    """The same row, another purpose."""
    return msgspec.structs.replace(BINDING, purpose=purpose)


def rotated() -> tuple[Cipher, Cipher]:
    """Before and after another key became active."""
    ring = RING.with_new()
    return Cipher(ring), Cipher(ring.promote("k2"))


@given(st.binary(max_size=2000), BINDINGS)
def test_what_was_sealed_opens_with_the_same_binding(plain: bytes, binding: Binding) -> None:
    """Whatever the bytes and the row."""
    assert CIPHER.open(CIPHER.seal(plain, binding), binding) == plain


@given(st.text(st.characters(exclude_categories=())), BINDINGS)
def test_a_sealed_secret_opens_as_the_same_secret(text: str, binding: Binding) -> None:
    """Half of a surrogate pair, which JSON can carry, included."""
    sealed = CIPHER.seal_secret(Secret(text), binding)

    assert CIPHER.open_secret(sealed, binding).reveal() == text


def test_the_envelope_is_the_documented_one() -> None:
    """A few lines of standard HKDF and AES-GCM open it."""
    blob = CIPHER.seal(b"hello", BINDING)
    header, salt, nonce, body = blob[:13], blob[13:29], blob[29:41], blob[41:]
    fields = (b"refresh", b"aw1234567890", b"-000person", b"2", b"7")
    extracted = hmac.digest(bytes(32), KEY, "sha256")
    root = hmac.digest(extracted, b"tto/1/refresh\x01", "sha256")
    record_key = hmac.digest(root, salt + b"\x01", "sha256")
    aad = header + b"".join(len(field).to_bytes(4, "big") + field for field in fields)

    assert header == b"TTO\x01\x01" + hmac.digest(KEY, b"id", "sha256")[:8]
    assert AESGCM(record_key).decrypt(nonce, body, aad) == b"\0\0\0\x05hello" + bytes(247)


@pytest.mark.parametrize(
    "other",
    [
        *(bound_to(purpose) for purpose in PURPOSES if purpose != BINDING.purpose),
        msgspec.structs.replace(BINDING, client_key="aw1234567891"),
        msgspec.structs.replace(BINDING, open_id="-000other"),
        msgspec.structs.replace(BINDING, gen=3),
        msgspec.structs.replace(BINDING, ver=8),
        msgspec.structs.replace(BINDING, gen=7, ver=2),
        msgspec.structs.replace(BINDING, client_key="aw1234567890-", open_id="000person"),
    ],
    ids=str,
)
def test_a_value_in_another_place_does_not_open(other: Binding) -> None:
    """Another column, app, account, consent or version; nor do neighbouring fields run together."""
    blob = CIPHER.seal_secret(TOKEN, BINDING)
    with pytest.raises(VaultKeyError, match="does not open"):
        CIPHER.open(blob, other)


def test_two_swapped_values_do_not_open() -> None:
    """Neither row takes the other's value."""
    other = msgspec.structs.replace(BINDING, open_id="-000other")
    mine, theirs = CIPHER.seal(b"mine", BINDING), CIPHER.seal(b"theirs", other)
    for blob, binding in ((mine, other), (theirs, BINDING)):
        with pytest.raises(VaultKeyError, match="does not open"):
            CIPHER.open(blob, binding)


def test_every_flipped_bit_is_noticed() -> None:
    """Header, salt, nonce, ciphertext and tag."""
    blob = CIPHER.seal_secret(TOKEN, BINDING)
    number = int.from_bytes(blob, "big")

    for bit in range(len(blob) * 8):
        with pytest.raises(VaultKeyError):
            CIPHER.open((number ^ (1 << bit)).to_bytes(len(blob), "big"), BINDING)


def test_every_truncation_is_noticed() -> None:
    """So is a byte too many."""
    blob = CIPHER.seal_secret(TOKEN, BINDING)

    for broken in (*(blob[:length] for length in range(len(blob))), blob + b"\0"):
        with pytest.raises(VaultKeyError):
            CIPHER.open(broken, BINDING)


@given(st.binary(max_size=600), st.sampled_from([b"", b"TTO\x01\x01", b"header"]))
def test_any_bytes_are_a_typed_error(tail: bytes, start: bytes) -> None:
    """Garbage never raises anything but a VaultKeyError."""
    start = CIPHER.seal(b"", BINDING)[:13] if start == b"header" else start
    for use in (CIPHER.open, CIPHER.open_secret, CIPHER.reseal):
        with pytest.raises(VaultKeyError):
            use(start + tail, BINDING)


@pytest.mark.parametrize("value", [None, "TTO", 5, memoryview(bytes(400))])
def test_other_values_of_a_database_are_a_typed_error(value: object) -> None:
    """A column of SQLite can hold any type."""
    with pytest.raises(VaultKeyError):
        CIPHER.open(value, BINDING)  # type: ignore[arg-type]  # that is the test
    with pytest.raises(VaultKeyError):
        CIPHER.key_id_of(value)  # type: ignore[arg-type]  # as above
    with pytest.raises(VaultKeyError):
        CIPHER.same_token(value, TOKEN)  # type: ignore[arg-type]  # as above


def test_bytes_that_are_no_text_are_no_secret() -> None:
    """A typed error, which does not quote them."""
    blob = CIPHER.seal(b"CANARY\xff", BINDING)
    with pytest.raises(VaultKeyError, match="is not text") as caught:
        CIPHER.open_secret(blob, BINDING)

    assert not shows(report(caught.value))


def test_a_refusal_says_what_where_and_what_to_do() -> None:
    """Purpose, app, account and key by name; nobody is told to try again."""
    blob = CIPHER.seal_secret(TOKEN, BINDING)
    with pytest.raises(VaultKeyError) as caught:
        CIPHER.open(blob[:-1] + b"\0\0", BINDING)
    error = caught.value

    assert (error.code, error.retryable) == (TikTokErrorCode.INVALID_CREDENTIALS, False)
    assert error.message == (
        "The stored refresh token (client_key 'aw1234567890', open_id '-000person', "
        f"key {RING.active_id}) does not open: it was altered, or belongs to another row or "
        "version."
    )
    assert error.hint == "Restore the row from a backup; until then it stays as it is."


@pytest.mark.parametrize("length", [0, 1, 60, 252])
def test_a_sealed_values_length_does_not_tell_the_tokens(length: int) -> None:
    """Up to 252 bytes all look the same; a longer one counts in steps of 256."""
    assert len(CIPHER.seal(bytes(length), BINDING)) == 313
    assert len(CIPHER.seal(bytes(length + 253), BINDING)) == 313 + 256


def test_the_same_token_is_never_sealed_alike() -> None:
    """Salt and nonce are new each time, and nothing of the token shows."""
    blobs = {CIPHER.seal_secret(TOKEN, BINDING) for _ in range(100)}

    assert len({blob[13:29] for blob in blobs}) == len({blob[29:41] for blob in blobs}) == 100
    assert not any(b"CANARY" in blob for blob in blobs)


def test_each_purpose_has_a_key_of_its_own() -> None:
    """Fingerprints and check values, too."""
    key = RING.find(RING.active_id)
    assert key is not None
    names = (*PURPOSES, "fingerprint", "check")
    roots = {root.reveal() for name in names if (root := key.root(name)) is not None}

    assert len(roots | {KEY}) == len(names) + 1


@pytest.mark.parametrize("purpose", ["refresh", "journal", "candidate"])
def test_an_access_only_ring_opens_nothing_that_holds_a_refresh_token(purpose: Purpose) -> None:
    """Nor does it seal one; the error says that this process may not."""
    limited = Cipher(RING.for_access_only())
    blob = CIPHER.seal_secret(TOKEN, bound_to(purpose))
    with pytest.raises(VaultKeyError, match="is not for this process") as opened:
        limited.open_secret(blob, bound_to(purpose))
    with pytest.raises(VaultKeyError, match="is not for this process") as sealed:
        limited.seal(b"CANARY", bound_to(purpose))

    assert not shows(report(opened.value) + report(sealed.value))


def test_an_access_only_ring_does_all_the_rest() -> None:
    """Access tokens and pending logins both ways, fingerprints and check values."""
    limited = Cipher(RING.for_access_only())
    stored = {RING.active_id: CIPHER.check_value(RING.active_id)}
    limited.judge_check_values(stored, stored)

    for purpose in ("access", "login"):
        binding = bound_to(purpose)
        assert limited.open_secret(CIPHER.seal_secret(TOKEN, binding), binding) == TOKEN
        assert CIPHER.open_secret(limited.seal_secret(TOKEN, binding), binding) == TOKEN
    assert limited.fingerprint(TOKEN) == CIPHER.fingerprint(TOKEN)


def test_a_rotation_keeps_what_is_sealed_and_seals_anew() -> None:
    """The old key opens, the new one seals, and resealing moves a value from one to the other."""
    old, new = rotated()
    blob = old.seal_secret(TOKEN, BINDING)
    moved = new.reseal(blob, BINDING)
    without = Cipher(new.ring.retire("k1"))

    assert (old.key_id_of(blob), old.key_id_of(moved)) == (old.ring.active_id, new.ring.active_id)
    assert new.open_secret(blob, BINDING) == old.open_secret(moved, BINDING) == TOKEN
    assert without.open_secret(moved, BINDING) == TOKEN
    with pytest.raises(VaultKeyError, match=rf"{RING.active_id}\) was sealed with a key that"):
        without.open(blob, BINDING)


def test_fingerprints_tell_tokens_apart_across_a_rotation() -> None:
    """Each is compared under the key that made it, until that one is retired."""
    old, new = rotated()
    print_ = old.fingerprint(TOKEN)

    assert (len(print_), print_[:8].hex()) == (24, RING.active_id)
    assert new.same_token(print_, TOKEN)
    assert not new.same_token(print_, Secret("another token"))
    assert new.fingerprint(TOKEN) != print_ == new.fingerprint(TOKEN, RING.active_id)
    with pytest.raises(VaultKeyError, match="does not have key"):
        Cipher(new.ring.retire("k1")).same_token(print_, TOKEN)


@given(st.binary(max_size=40))
def test_no_other_bytes_pass_for_a_fingerprint(value: bytes) -> None:
    """A wrong answer would let an old token overwrite a new one."""
    with pytest.raises(VaultKeyError):
        CIPHER.same_token(value, TOKEN)


def test_check_values_of_the_right_keys_pass() -> None:
    """A key that was never noted passes, too, and so does one nobody uses any more."""
    old, new = rotated()
    stored = {RING.active_id: old.check_value(RING.active_id), "0" * 16: b"retired"}

    new.judge_check_values(stored, new.ring.key_ids)
    new.judge_check_values({}, [])


def test_a_missing_key_is_named_before_anything_is_written() -> None:
    """All of them at once."""
    with pytest.raises(VaultKeyError, match="does not have: 0000000000000000, 1111111111111111"):
        CIPHER.judge_check_values({}, ["1" * 16, RING.active_id, "0" * 16])


@pytest.mark.parametrize("value", [b"", b"another key's", "text", None])
def test_another_key_under_a_known_id_is_named(value: object) -> None:
    """Its values would all look altered."""
    with pytest.raises(VaultKeyError, match=f"not those .* sealed with: {RING.active_id}"):
        CIPHER.judge_check_values({RING.active_id: value}, [])  # type: ignore[dict-item]  # as above


def test_no_error_shows_a_key_or_a_token() -> None:
    """Not in the text, and not in the local variables of our frames."""
    limited = Cipher(RING.for_access_only())
    stranger = Cipher(KeyRing.generate())
    blob = CIPHER.seal_secret(TOKEN, BINDING)
    key = RING.find(RING.active_id)
    assert key is not None
    roots = [root.reveal() for name in PURPOSES if (root := key.root(name)) is not None]
    errors = []
    for use in (
        lambda: limited.seal_secret(TOKEN, BINDING),
        lambda: limited.reseal(blob, BINDING),
        lambda: stranger.open_secret(blob, BINDING),
        lambda: stranger.same_token(CIPHER.fingerprint(TOKEN), TOKEN),
        lambda: CIPHER.open_secret(blob, bound_to("access")),
    ):
        with pytest.raises(VaultKeyError) as caught:
            use()
        errors.append(report(caught.value))

    assert all("'self'" in text for text in errors)
    assert not shows("".join(errors))
    assert not [root for root in roots if repr(root)[2:-1] in "".join(errors)]
