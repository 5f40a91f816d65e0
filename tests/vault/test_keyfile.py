"""Key files are private, complete or absent, and never written over unasked."""

from __future__ import annotations

import os
import stat
import traceback
from typing import TYPE_CHECKING

import pytest

from tests.support.leaks import TEXT, report, shows
from tiktok_oauth.errors import VaultKeyError
from tiktok_oauth.types import Secret
from tiktok_oauth.vault.sealing.cipher import Binding, Cipher
from tiktok_oauth.vault.sealing.keyring import KeyRing
from tiktok_oauth.vault.sealing.privatefile import privacy_problem

if TYPE_CHECKING:
    from pathlib import Path

BINDING = Binding("refresh", "aw1234567890", "-000person", gen=1, ver=1)
TOKEN = Secret("rft.CANARY")


class Turned:
    """A KMS of two lines: it turns keys round."""

    def wrap(self, dek: bytes) -> bytes:
        """Turn round."""
        return b"turned:" + dek[::-1]

    def unwrap(self, blob: bytes) -> bytes:
        """Turn back."""
        return blob.removeprefix(b"turned:")[::-1]


class Unreachable:
    """A KMS that is down, and that is careless in what it says."""

    def wrap(self, dek: bytes) -> bytes:
        """Fail with the key in the error's text."""
        raise ConnectionError(dek)

    def unwrap(self, blob: bytes) -> bytes:
        """Fail."""
        raise ConnectionError(blob)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a key file will be."""
    return tmp_path / "keys.json"


def opens_the_same(one: KeyRing, other: KeyRing) -> bool:
    """Whether a ring opens what another one sealed."""
    sealed = Cipher(one).seal_secret(TOKEN, BINDING)
    return Cipher(other).open_secret(sealed, BINDING) == TOKEN


def test_a_saved_ring_is_the_same_ring(path: Path) -> None:
    """Same keys, same names, same order."""
    ring = KeyRing.parse(f"k1:{TEXT}").with_new("2027").promote("2027")
    ring.save(path)
    read = KeyRing.from_file(str(path))

    assert (read.names, read.active_id) == (ring.names, ring.active_id)
    assert opens_the_same(ring, read)


def test_a_key_file_is_private(path: Path) -> None:
    """Mode 0600 in directories of mode 0700, whatever the umask; nothing is left beside it."""
    before = os.umask(0)
    try:
        deep = path.parent / "a" / "b" / "keys.json"
        KeyRing.generate().save(deep)
    finally:
        os.umask(before)
    modes = [stat.S_IMODE(p.stat().st_mode) for p in (deep, deep.parent, deep.parent.parent)]

    assert modes == [0o600, 0o700, 0o700]
    assert list(deep.parent.iterdir()) == [deep]


def test_a_key_file_is_never_written_over_unasked(path: Path) -> None:
    """Nor is a link followed that somebody laid in its place; nothing half-written is left."""
    ring = KeyRing.generate()
    ring.save(path)
    link = path.with_name("link.json")
    link.symlink_to(path.with_name("elsewhere.json"))

    for taken in (path, link):
        with pytest.raises(VaultKeyError, match=r"exists already; it was not touched"):
            KeyRing.generate().save(taken)
    assert KeyRing.from_file(path).key_ids == ring.key_ids
    assert sorted(path.parent.iterdir()) == [path, link]


def test_a_key_file_can_be_replaced_when_asked(path: Path) -> None:
    """In one step, as a rotation needs it."""
    ring = KeyRing.generate()
    ring.save(path)
    ring.with_new().save(path, replace=True)

    assert KeyRing.from_file(path).key_ids[0] == ring.active_id
    assert list(path.parent.iterdir()) == [path]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_key_file_is_replaced_behind_a_link(path: Path) -> None:
    """The link stays: what it leads to is the one file that everybody reads."""
    link = path.with_name("link.json")
    KeyRing.generate("one").save(path)
    link.symlink_to(path)

    KeyRing.from_file(link).with_new("two").save(link, replace=True)

    assert link.is_symlink()
    assert list(KeyRing.from_file(path).names.values()) == ["one", "two"]


def test_a_place_that_cannot_be_written_is_a_typed_error(path: Path) -> None:
    """Here a file stands where a directory would have to be."""
    path.write_text("")
    with pytest.raises(VaultKeyError, match="cannot be written: Not a directory") as caught:
        KeyRing.parse(f"k1:{TEXT}").save(path / "below" / "keys.json")

    assert not shows(report(caught.value))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601])
def test_a_key_file_that_others_can_use_is_refused(path: Path, mode: int) -> None:
    """The error says how to mend it."""
    KeyRing.generate().save(path)
    path.chmod(mode)
    with pytest.raises(VaultKeyError, match=f"its mode is 0{mode:o}") as caught:
        KeyRing.from_file(path)

    assert caught.value.hint == f"Run: chmod 600 {path}"


def test_a_key_file_belongs_to_us_or_to_root(path: Path) -> None:
    """Anybody else could have placed keys that they know."""
    private = stat.S_IFREG | 0o400

    assert privacy_problem(path, private, 1000, 1000) is None
    assert privacy_problem(path, private, 0, 1000) is None
    assert privacy_problem(path, private, 1001, 1000) == (
        f"The key file {path} belongs to user ID 1001; this process runs as 1000.",
        f"If the keys in it are yours: chown 1000 {path}",
    )


def test_what_is_no_file_is_refused_at_once(path: Path) -> None:
    """Nothing there, a directory, and a pipe, which would make a reader wait for ever."""
    with pytest.raises(VaultKeyError, match=r"There is no key file .*keys.json"):
        KeyRing.from_file(path)
    with pytest.raises(VaultKeyError, match="Is a directory"):
        KeyRing.from_file(path.parent)
    os.mkfifo(path, 0o600)
    with pytest.raises(VaultKeyError, match="not a regular file"):
        KeyRing.from_file(path)


def key_file(holds: str = "keys", version: int = 1, key_id: str = "", key: str = TEXT) -> str:
    """A key file, right but for what is given."""
    key_id = key_id or KeyRing.parse(f"k1:{TEXT}").active_id
    entry = f'{{"name": "k1", "id": "{key_id}", "key": "{key}"}}'
    return f'{{"version": {version}, "holds": "{holds}", "wrapped": false, "keys": [{entry}]}}'


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is not a key ring in JSON"),
        (TEXT, "is not a key ring in JSON"),
        ("[" * 50_000, "is not a key ring in JSON"),
        (f'{{"{TEXT}": 1}}', "is not a key ring in JSON"),
        (key_file(holds=TEXT), "is not a key ring in JSON"),
        (key_file().replace('"k1"', f'"k1", "{TEXT}": 1'), "is not a key ring in JSON"),
        (key_file(key="CANARY\xff"), "not base64"),
        (key_file().replace(f'"{TEXT}"', '{"CANARY": 1}'), "not base64"),
        (key_file(key=TEXT[:-4]), "has a key of 30 bytes, not 32"),
        (key_file(key=""), "has a blank key"),
        (key_file(version=2), "has version 2; this library reads version 1"),
        (key_file(key_id="0" * 16), "under the ID of another one"),
        (key_file(holds="access"), "has a key of 32 bytes, not 128"),
        (key_file(holds="access", key_id="xyz"), "has a malformed key ID"),
        (key_file().replace('"k1"', '"two words"'), "is not a name"),
        ('{"version": 1, "holds": "keys", "wrapped": false, "keys": []}', "ring is empty"),
    ],
)
def test_a_malformed_key_file_is_told_without_its_keys(path: Path, text: str, problem: str) -> None:
    """Not in the text, and not in our frames' local variables."""
    path.touch(0o600)
    path.write_text(text, "latin-1")
    with pytest.raises(VaultKeyError, match=problem) as caught:
        KeyRing.from_file(path)

    assert not shows(report(caught.value))


def test_a_right_key_file_is_read(path: Path) -> None:
    """What the malformed ones above are made from."""
    path.touch(0o600)
    path.write_text(key_file())

    assert KeyRing.from_file(path).names == KeyRing.parse(f"k1:{TEXT}").names


def test_an_access_only_ring_can_be_saved(path: Path) -> None:
    """The file holds derived keys, not the key they were derived from."""
    ring = KeyRing.parse(f"k1:{TEXT}").with_new()
    ring.for_access_only().save(path)
    read = KeyRing.from_file(path)

    assert (read.access_only, read.names, ring.access_only) == (True, ring.names, False)
    assert Cipher(read).fingerprint(TOKEN) == Cipher(ring).fingerprint(TOKEN)
    assert read.for_access_only().promote("k2").active_id == ring.key_ids[1]
    assert not shows(path.read_text())
    with pytest.raises(VaultKeyError, match="is not for this process"):
        opens_the_same(ring, read)


@pytest.mark.parametrize("access_only", [False, True])
def test_a_kms_can_wrap_the_keys(path: Path, access_only: bool) -> None:
    """The file then holds what the KMS made of them, and only the KMS can read it."""
    ring = KeyRing.parse(f"k1:{TEXT}").with_new()
    ring = ring.for_access_only() if access_only else ring
    ring.save(path, wrapper=Turned())
    read = KeyRing.from_wrapped(path, Turned())

    assert (read.names, read.access_only) == (ring.names, access_only)
    assert Cipher(read).fingerprint(TOKEN) == Cipher(ring).fingerprint(TOKEN)
    assert not shows(path.read_text())
    with pytest.raises(VaultKeyError, match="are wrapped"):
        KeyRing.from_file(path)


def test_a_kms_that_fails_is_a_typed_error(path: Path) -> None:
    """Without its words, which may quote a key, and without a file."""
    ring = KeyRing.parse(f"k1:{TEXT}")
    with pytest.raises(VaultKeyError, match="could not be wrapped: ConnectionError") as wrapping:
        ring.save(path, wrapper=Unreachable())
    assert not path.exists()
    ring.save(path, wrapper=Turned())
    with pytest.raises(VaultKeyError, match="could not be unwrapped: ConnectionError") as reading:
        KeyRing.from_wrapped(path, Unreachable())

    for caught in (wrapping, reading):
        assert not shows("".join(traceback.format_exception(caught.value)))
        assert not shows(report(caught.value))


def test_a_plain_file_is_not_taken_for_a_wrapped_one(path: Path) -> None:
    """Whoever thinks that the keys are wrapped learns that they are not."""
    KeyRing.generate().save(path)
    with pytest.raises(VaultKeyError, match="are not wrapped"):
        KeyRing.from_wrapped(path, Turned())


@pytest.mark.slow
def test_an_export_opens_with_its_passphrase_only(path: Path) -> None:
    """Neither the passphrase nor a key shows when it is the wrong one."""
    ring = KeyRing.parse(f"k1:{TEXT}")
    ring.export(path, "correct horse CANARY")

    assert opens_the_same(ring, KeyRing.import_(path, "correct horse CANARY"))
    with pytest.raises(VaultKeyError, match="The passphrase is wrong") as caught:
        KeyRing.import_(path, "wrong horse CANARY")
    assert not shows(path.read_text() + report(caught.value))


def test_a_short_passphrase_is_refused(path: Path) -> None:
    """Whoever has the file can guess as long as they like."""
    with pytest.raises(VaultKeyError, match="fewer than 12 characters") as caught:
        KeyRing.generate().export(path, "CANARY")

    assert not shows(report(caught.value))
    assert not path.exists()
