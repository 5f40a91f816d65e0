"""What is wrong with settings, and what keeps the service from starting."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest

from tests.service.configuration.conftest import GOOD
from tests.service.site import SESSION_KEY
from tiktok_oauth import KeyRing, VaultKeyError
from tiktok_oauth.service.configuration.files import judge_files
from tiktok_oauth.service.configuration.plan import session_key

if TYPE_CHECKING:
    from pathlib import Path

    from tests.service.configuration.conftest import Planned
    from tiktok_oauth.service.configuration.plan import Plan

STRONG = "hV0kD1Ckm7b4k2q8mN5tq3Zr"
PROXIED: dict[str, Any] = {"public_url": "https://login.example.com", "trusted_proxies": "10.0.0.1"}
BEHIND = GOOD | {"TIKTOK_REDIRECT_URI": "https://login.example.com/callback"}


def failed(plan: Plan) -> set[str]:
    """The settings that keep the service from starting."""
    return {found.name for found in plan.judged.findings if found.verdict == "fail"}


def test_good_settings_need_no_word(planned: Planned) -> None:
    """Nothing is found where nothing is wrong."""
    plan = planned()

    assert plan.judged.findings == ()
    assert not plan.judged.is_refused


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("port", "eighty"),
        ("port", 70_000),
        ("workers", 0),
        ("timeout", "nan"),
        ("timeout", True),
        ("public_url", "login.example.com"),
        ("public_url", "https://login.example.com/path"),
        ("base_url", "http://open.tiktokapis.com"),
        ("authorize_url", "https://www.tiktok.com/?a=b"),
        ("trusted_proxies", "10.0.0.0/33"),
        ("trusted_proxies", "0.0.0.0/0"),
        ("return_origins", "http://app.example.com"),
        ("database", "memory:"),
        ("database", "mysql://db/tokens"),
        ("refresh_policy", "always"),
        ("log_level", "loud"),
        ("expose", "perhaps"),
        ("host", ""),
    ],
)
def test_a_wrong_value_is_told_with_its_mend(planned: Planned, key: str, value: object) -> None:
    """It names the setting and its source, and keeps the service from starting."""
    flags: dict[str, Any] = {key: value}
    plan = planned(**flags)

    found = {one.name: one for one in plan.judged.findings}[key]
    assert found.verdict == "fail"
    assert found.source == f"--{key.replace('_', '-')}"
    assert found.mend


@pytest.mark.parametrize("secret", ["changeme", "your-client-secret", "'quoted'", "<secret>", ""])
def test_placeholders_are_no_secrets(planned: Planned, secret: str) -> None:
    """What a tutorial says is not believed."""
    plan = planned(variables=GOOD | {"TIKTOK_CLIENT_SECRET": secret})

    assert failed(plan) == {"client_secret"}
    assert not secret or all(secret not in found.says for found in plan.judged.findings)


@pytest.mark.parametrize("secret", ["short", "a" * 40, "your-relay-secret-goes-here-0000"])
def test_a_weak_relay_secret_is_refused(planned: Planned, secret: str) -> None:
    """It signs: whoever guesses it can send the team's URL whatever they like."""
    toml = f'webhook_relay_url = "https://hooks.example.com/"\nwebhook_relay_secret = "{secret}"'

    assert failed(planned(toml)) == {"webhook_relay_secret"}
    assert failed(planned(toml.replace(secret, STRONG))) == set()


def test_relay_url_and_secret_come_together(planned: Planned) -> None:
    """One of them alone is a mistake."""
    toml = 'webhook_relay_url = "https://hooks.example.com/"'

    assert failed(planned(toml)) == {"webhook_relay_secret"}


def test_a_password_is_no_hash(planned: Planned) -> None:
    """The plain password in its place is refused, and not repeated."""
    plan = planned('password_hash = "correct horse"')

    [found] = plan.judged.findings
    assert "--hash-password" in found.mend
    assert "horse" not in found.says + found.mend


def test_the_network_needs_a_proxy_or_consent(planned: Planned) -> None:
    """Exposed without encryption it starts only for who insists."""
    everywhere: dict[str, Any] = {"host": "0.0.0.0"}  # noqa: S104 - the point

    assert failed(planned(**everywhere)) == {"host"}
    assert failed(planned(**everywhere, public_url="http://login.example.com")) > {"host"}
    assert failed(planned(variables=BEHIND, **everywhere, **PROXIED)) == set()
    assert failed(planned(**everywhere, expose=True)) == set()


def test_a_proxy_that_nobody_named_is_asked_for(planned: Planned) -> None:
    """Without it all visitors are one to the limits; it starts, though."""
    [found] = planned(variables=BEHIND).judged.findings

    assert (found.name, found.verdict) == ("trusted_proxies", "warn")
    assert failed(planned(variables=BEHIND, host="0.0.0.0", trusted_proxies="10.0.0.1")) == set()  # noqa: S104 - the point


def test_redirects_lead_to_the_public_address(planned: Planned) -> None:
    """A login's cookie is only sent to the host where it began."""
    assert failed(planned(**PROXIED)) == {"redirect_uri"}
    assert failed(planned(variables=BEHIND, **PROXIED)) == set()


@pytest.mark.parametrize("path", ["/", "/connect", "/api/v1/callback", "/webhooks/tiktok"])
def test_a_callback_needs_a_path_of_its_own(planned: Planned, path: str) -> None:
    """It must not hide a page of ours."""
    uri = f"http://127.0.0.1:8000{path}"

    assert failed(planned(variables=GOOD | {"TIKTOK_REDIRECT_URI": uri})) == {"redirect_uri"}


@pytest.mark.parametrize(
    ("mode", "expected"), [(0o600, set()), (0o640, {"config"}), (0o604, {"config"})]
)
@pytest.mark.parametrize(
    "toml",
    [
        f'metrics_token = "{STRONG}"',
        'database = "postgresql://me:pw@db/tokens"',
        'database = "postgresql://db/tokens?password=pw"',
    ],
)
def test_a_file_with_secrets_is_private(
    planned: Planned, mode: int, expected: set[str], toml: str
) -> None:
    """Others than its owner must not read it."""
    assert failed(planned(toml, mode=mode)) == expected


def test_a_file_without_secrets_may_be_read(planned: Planned) -> None:
    """It is only settings."""
    assert failed(planned("workers = 2", mode=0o644)) == set()


def test_keys_themselves_are_taken_from_the_environment_only(planned: Planned) -> None:
    """In a file or on a command line they are refused, and not repeated, where they cannot work."""
    listed = f"k1:{b64encode(bytes(range(32))).decode()}"

    for plan in (planned(f'keys = "{listed}"'), planned(keys=listed)):
        [found] = [found for found in plan.judged.findings if found.verdict == "fail"]
        assert found.name == "keys"
        assert listed not in repr(plan.judged.findings)
    plan = planned(variables=GOOD | {"TIKTOK_OAUTH_KEYS": listed})
    assert failed(plan) == set()
    assert plan.keys is None


def test_a_key_file_may_have_a_colon_in_its_name(planned: Planned, tmp_path: Path) -> None:
    """It is there, so it is no list."""
    ring = tmp_path / "a:b.json"
    KeyRing.generate().save(ring)

    plan = planned(keys=str(ring))

    assert failed(plan) == set()
    assert plan.keys == ring


def test_an_open_key_ring_is_refused(planned: Planned, tmp_path: Path) -> None:
    """World-readable keys have to be taken back, in words that say how."""
    ring = tmp_path / "keys.json"
    KeyRing.generate().save(ring)
    ring.chmod(0o644)
    plan = planned(keys=str(ring))

    [found] = judge_files(plan, f"sqlite:///{tmp_path / 'tokens.db'}")

    assert (found.name, found.source) == ("keys", "--keys")
    assert found.mend == f"Run: chmod 600 {ring}"


def test_the_session_key_is_made_once_and_kept_private(tmp_path: Path) -> None:
    """Every start signs by the same one; nobody else may read it."""
    file = tmp_path / "session.key"

    made = session_key(file)

    assert session_key(file) == made != SESSION_KEY
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o644)
    with pytest.raises(VaultKeyError, match="0644"):
        session_key(file)
