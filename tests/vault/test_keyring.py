"""Key rings keep their keys in order, are read from what people type, and never show a key."""

from __future__ import annotations

import copy
import logging
import pickle
from base64 import b64encode
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.leaks import TEXT, report, shows
from tiktok_oauth.errors import VaultKeyError
from tiktok_oauth.vault.sealing.cipher import Cipher
from tiktok_oauth.vault.sealing.keyring import KeyRing

if TYPE_CHECKING:
    from pathlib import Path

OTHER = b64encode(bytes(range(32))).decode()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a key file will be."""
    return tmp_path / "keys.json"


def test_a_new_ring_has_one_random_key() -> None:
    """Called k1, with the ID that is computed from it."""
    one, two = KeyRing.generate(), KeyRing.generate("mine")

    assert one.names == {one.active_id: "k1"}
    assert two.names == {two.active_id: "mine"}
    assert one.key_ids == (one.active_id,) != two.key_ids


def test_keys_can_be_added_promoted_and_retired() -> None:
    """Each step makes another ring; a new key seals nothing until it is promoted."""
    first = KeyRing.parse(f"k1:{TEXT}")
    both = first.with_new()
    turned = both.promote("k2")
    (k1, k2) = both.key_ids

    assert (first.key_ids, both.names) == ((k1,), {k1: "k1", k2: "k2"})
    assert turned.key_ids == (k2, k1) == both.promote(k2).key_ids
    assert turned.retire(k1).key_ids == (k2,) == turned.retire("k1").key_ids
    assert turned.retire(k1).with_new().names[k2] == "k2"
    assert turned.retire(k1).with_new("2027").key_ids[0] == k2


def test_a_step_that_would_lose_something_is_refused() -> None:
    """The active key stays, unknown keys are said, and names are taken once."""
    ring = KeyRing.parse(f"k1:{TEXT}")
    with pytest.raises(VaultKeyError, match=f"Key {ring.active_id} is the active one"):
        ring.retire("k1")
    for step in (ring.retire, ring.promote):
        with pytest.raises(VaultKeyError, match=f"no such key. It has {ring.active_id}"):
            step("k2")
    with pytest.raises(VaultKeyError, match="same name"):
        ring.with_new("k1")
    with pytest.raises(VaultKeyError, match="gets no keys of its own"):
        ring.for_access_only().with_new()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "Entry 1 of the key list is not of the form"),
        (TEXT, "Entry 1 of the key list is not of the form"),
        (f"{TEXT}:k1", "Entry 1 of the key list is not of the form"),
        ("k1", "Entry 1 of the key list has a blank key"),
        ("k1: ", "has a blank key"),
        (f"k1:{OTHER},", "Entry 2 of the key list is not of the form"),
        (f"k1:{OTHER},k2:{TEXT[:-4]}", "Entry 2 of the key list has a key of 30 bytes, not 32"),
        (f"k1:{TEXT[:-1]}", "is not base64"),
        (f"k1:{TEXT[:-1]}*", "is not base64"),
        ("k1:CANARYé", "is not base64"),
        (f"k1:{TEXT},k2:{TEXT}", "same key twice"),
        (f"k1:{TEXT},k1:{OTHER}", "same name"),
        (f"0123456789abcdef:{TEXT}", "called 0123456789abcdef, but its ID is"),
    ],
)
def test_a_malformed_list_is_told_by_its_entry(text: str, problem: str) -> None:
    """And never by the key: not in the text, not in our frames' local variables."""
    with pytest.raises(VaultKeyError, match=problem) as caught:
        KeyRing.parse(text)

    assert caught.value.hint
    assert not shows(report(caught.value))


@given(st.text())
def test_any_list_is_a_ring_or_a_typed_error(text: str) -> None:
    """So is any setting of the environment."""
    for read in (KeyRing.parse, KeyRing.from_env):
        with pytest.raises(VaultKeyError):
            read(f"k1:{text}")


def test_a_list_in_the_environment_is_warned_about(caplog: pytest.LogCaptureFixture) -> None:
    """Once for each reading, without the keys."""
    with caplog.at_level(logging.WARNING, "tiktok_oauth"):
        ring = KeyRing.from_env(f" k1:{TEXT} , k2:{OTHER}\n")

    assert list(ring.names.values()) == ["k1", "k2"]
    assert "/proc" in caplog.text
    assert not shows(caplog.text)


def test_the_environment_can_name_a_file(
    path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Absolute, or below the home directory; that is nothing to warn about."""
    monkeypatch.setenv("HOME", str(path.parent))
    ring = KeyRing.generate()
    ring.save(path)

    assert KeyRing.from_env(f"{path}\n").key_ids == ring.key_ids
    assert KeyRing.from_env("~/keys.json").key_ids == ring.key_ids
    assert caplog.records == []


@pytest.mark.parametrize(
    "value", ["", " ", TEXT, f"/nowhere/{TEXT}", "~nobody/k", "a\0b", "x" * 5000]
)
def test_a_setting_that_is_neither_is_not_repeated(value: str) -> None:
    """It may be a key that somebody pasted without a name."""
    with pytest.raises(VaultKeyError, match="neither a list of name:base64 nor a file") as caught:
        KeyRing.from_env(value)

    assert "TIKTOK_OAUTH_KEYS" in caught.value.hint
    assert not shows(report(caught.value))


def test_a_ring_shows_ids_only_and_is_not_pickled() -> None:
    """Nor are its parts."""
    ring = KeyRing.parse(f"k1:{TEXT}")
    limited = ring.for_access_only()
    key = ring.find(ring.active_id)
    assert key is not None

    assert repr(ring) == str(ring) == f"<KeyRing {ring.active_id}>"
    assert repr(limited) == f"<KeyRing access only {ring.active_id}>"
    assert repr(key) == f"<RingKey {ring.active_id}>"
    assert (repr(key.material()), repr(key.material().base64())) == (
        "RawKey('***')",
        "Secret('***')",
    )
    for value in (ring, limited, key, key.material(), Cipher(ring)):
        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps(value)
        with pytest.raises(TypeError, match="not pickled"):
            copy.deepcopy(value)
