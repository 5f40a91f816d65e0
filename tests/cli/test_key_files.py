"""Which key ring a command takes, and what it says of one that it cannot use."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import TYPE_CHECKING

import pytest

from tests.cli.terminal import KEY, done, dump, refused, run
from tiktok_oauth import KeyRing
from tiktok_oauth.vault.opening import keys_path
from tiktok_oauth.vault.sealing.privatefile import privacy_problem

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("home")

PASTED = b64encode(b"\x0f\xf5\xeb\xac" + bytes(range(28))).decode()
"""A key with a slash in it, as half of all keys have."""
READERS = [
    ("keys", "list"),
    ("keys", "check"),
    ("keys", "add"),
    ("keys", "new"),
    ("doctor", "--offline"),
    ("doctor", "--offline", "--json"),
    ("serve", "--check"),
    ("import", "-", "--client-key", KEY),
]


@pytest.mark.parametrize("command", READERS, ids=" ".join)
@pytest.mark.parametrize("pasted", [PASTED, PASTED.strip("="), f"/{PASTED[1:]}"])
def test_a_key_that_was_pasted_without_its_name_is_not_repeated(
    command: tuple[str, ...], pasted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is no file's name either: the two forms there are are told."""
    monkeypatch.setenv("TIKTOK_OAUTH_KEYS", pasted)

    result = run(*command, text="")

    assert result.exit_code != 0
    assert pasted[:12] not in result.output
    assert "TIKTOK_OAUTH_KEYS" in result.output or "name:base64" in result.output


@pytest.mark.slow
def test_keys_in_the_environment_can_be_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """By whatever changes none of them: what a container has is judged like a file."""
    monkeypatch.setenv("TIKTOK_OAUTH_KEYS", f"a:{PASTED}")
    done("import", "-", "--client-key", KEY, text=dump("anna"))

    assert "It opens everything in the store." in done("keys", "check")
    assert json.loads(done("keys", "check", "--json"))["file"] is None
    assert [key["name"] for key in json.loads(done("keys", "list", "--json"))] == ["a"]
    found = {
        one["name"]: one["verdict"] for one in json.loads(done("doctor", "--offline", "--json"))
    }
    assert [found[name] for name in ("store", "accounts", "frozen", "keys", "journal")] == [
        "ok"
    ] * 5


def test_a_setting_that_names_a_missing_file_is_told_with_the_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And with the command that makes a new one, which then does."""
    monkeypatch.setenv("TIKTOK_OAUTH_KEYS", "~/none.json")
    monkeypatch.setenv("HOME", str(keys_path().parents[2]))
    for command in READERS[:3]:
        told = refused(78, *command)
        assert "There is no key file" in told
        assert "none.json" in told
        assert "tiktok-oauth keys new" in told
    told = refused(78, "import", "-", "--client-key", KEY, text="")
    assert "There is no key file" in told

    done("keys", "new")

    assert len(json.loads(done("keys", "list", "--json"))) == 1


@pytest.mark.slow
def test_a_ring_of_another_store_is_told_when_it_is_listed(people: Path) -> None:
    """Not as a ring that has sealed nothing."""
    KeyRing.generate("other").save(people / "other.json")

    told = refused(78, "keys", "list", "--keys", str(people / "other.json"))

    assert "sealed with keys that this ring does not have" in told
    assert KeyRing.from_file(keys_path()).active_id in told


@pytest.mark.slow
def test_an_access_only_ring_is_told_as_what_it_is(
    people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the check; and a refresher ends at once, since it could refresh nothing."""
    worker = str(people / "worker.json")
    done("keys", "export-access-only", worker)
    monkeypatch.setenv("TIKTOK_CLIENT_KEY", KEY)
    monkeypatch.setenv("TIKTOK_CLIENT_SECRET", "sandbox-client-secret")

    assert "access tokens only" in done("keys", "check", "--keys", worker)
    assert json.loads(done("keys", "check", "--keys", worker, "--json"))["access_only"]
    assert "Name the whole ring" in refused(78, "refresher", "--keys", worker)


@pytest.mark.parametrize("command", ["export", "export-access-only"])
def test_no_directory_is_made_for_a_copy_of_the_ring(home: Path, command: str) -> None:
    """A mistyped one would be left behind with keys in it."""
    done("keys", "new")

    assert "mkdir -p" in refused(1, "keys", command, str(home / "nosuch" / "ring.json"))
    assert not (home / "nosuch").exists()


@pytest.mark.slow
def test_an_export_under_a_passphrase_is_brought_back(home: Path) -> None:
    """By the command that is named wherever a ring is wanted and an export is there."""
    done("keys", "new")
    copy, words = str(home / "safe.json"), "several words that nobody guesses\n"
    done("keys", "export", copy, text=words + words)
    ring = KeyRing.from_file(keys_path())
    refused(78, "keys", "import", copy, text=words)
    keys_path().unlink()

    assert "tiktok-oauth keys import" in refused(78, "keys", "list", "--keys", copy)
    assert "passphrase is wrong" in refused(78, "keys", "import", copy, text="something else\n")
    assert words.strip() not in done("keys", "import", copy, text=words)
    assert KeyRing.from_file(keys_path()).key_ids == ring.key_ids


@pytest.mark.parametrize(
    ("user", "wanted"), [(0, "Run this as user ID 65534"), (1000, "chown 1000 ")]
)
def test_root_is_not_told_to_take_a_services_keys_away(home: Path, user: int, wanted: str) -> None:
    """It is told to become that user: what it would make there is out of the service's reach."""
    problem = privacy_problem(home / "keys.json", 0o100600, 65534, user)

    assert problem is not None
    assert wanted in problem[1]
