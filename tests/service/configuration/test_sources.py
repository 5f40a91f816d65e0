"""Where settings come from, and which of them wins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.service.configuration.conftest import GOOD

if TYPE_CHECKING:
    from pathlib import Path

    from tests.service.configuration.conftest import Planned

APPS = """
[[apps]]
client_key = "aw1234567890abcdef"
client_secret = "kept-out-of-sight-0001"
redirect_uri = "https://login.example.com/callback"
scopes = ["user.info.basic", "video.list"]
[[apps]]
client_key = "aw0000000000000002"
client_secret = "kept-out-of-sight-0002"
redirect_uri = "https://login.example.com/other"
"""


def test_flags_win_over_variables_over_the_file(planned: Planned) -> None:
    """Each setting is taken from the strongest place that has it."""
    plan = planned(
        "port = 1\nworkers = 1\nrate_limit = 1",
        {"TIKTOK_OAUTH_WORKERS": "2", "TIKTOK_OAUTH_RATE_LIMIT": "2"},
        rate_limit=3,
    )

    assert plan.judged.service == {"port": 1, "workers": 2, "rate_limit": 3}
    assert not plan.judged.findings


def test_the_file_can_be_named_by_a_variable(planned: Planned, tmp_path: Path) -> None:
    """So that a service manager needs no flag; without one the usual place is looked at."""
    file = tmp_path / "other.toml"
    file.write_text("port = 5")

    assert planned(variables={"TIKTOK_OAUTH_CONFIG": str(file)}).port == 5
    assert planned().port == 8_000


def test_the_usual_file_is_found(planned: Planned, tmp_path: Path) -> None:
    """It is beside the key ring."""
    usual = tmp_path / "tiktok-oauth" / "service.toml"
    usual.parent.mkdir()
    usual.write_text("port = 5")

    assert planned().port == 5


def test_several_apps(planned: Planned) -> None:
    """The first one is the default, and each has its own secret, redirect URI and scopes."""
    settings = planned(APPS, {}).settings(8_000)

    assert [app.client_key for app in settings.apps] == ["aw1234567890abcdef", "aw0000000000000002"]
    assert settings.apps[0].scopes == ("user.info.basic", "video.list")
    assert settings.apps[1].client_secret.reveal() == "kept-out-of-sight-0002"
    assert settings.callback_paths == ("/callback", "/other")
    assert settings.public_url == "https://login.example.com"


def test_the_environment_speaks_of_the_app_with_its_key(planned: Planned) -> None:
    """A secret in a variable replaces the file's; the app becomes the default."""
    variables = {
        "TIKTOK_CLIENT_KEY": "aw0000000000000002",
        "TIKTOK_CLIENT_SECRET": "kept-out-of-sight-0003",
    }

    first, second = planned(APPS, variables).settings(8_000).apps

    assert first.client_key == "aw0000000000000002"
    assert first.client_secret.reveal() == "kept-out-of-sight-0003"
    assert first.redirect_uri == "https://login.example.com/other"
    assert second.client_key == "aw1234567890abcdef"


def test_a_secret_can_be_in_a_file_of_its_own(planned: Planned, tmp_path: Path) -> None:
    """Without the newline that an editor leaves at its end."""
    secret = tmp_path / "secret"
    secret.write_text("kept-out-of-sight-0004\n")
    secret.chmod(0o600)
    variables = {"TIKTOK_CLIENT_KEY": GOOD["TIKTOK_CLIENT_KEY"]}

    plan = planned(variables=variables | {"TIKTOK_CLIENT_SECRET_FILE": str(secret)})

    assert plan.settings(8_000).apps[0].client_secret.reveal() == "kept-out-of-sight-0004"
    assert not plan.judged.findings


def test_without_credentials_a_sandbox_is_wanted(planned: Planned) -> None:
    """And nothing is wrong with that."""
    plan = planned(variables={})

    assert plan.is_for_sandbox
    assert not plan.judged.findings


def test_defaults_are_those_of_a_service_on_this_machine(planned: Planned) -> None:
    """Its address is the redirect URI's; tokens are in the state directory."""
    settings = planned().settings(8_000)

    assert settings.public_url == "http://127.0.0.1:8000"
    assert settings.database_url.endswith("/tiktok-oauth/tokens.db")
    assert settings.runtime_directory.name == "serve-8000"
    assert not settings.is_sandbox


@pytest.mark.parametrize(
    ("toml", "variables", "name", "meant"),
    [
        ("prot = 8000", {}, "prot", "Did you mean port?"),
        ("[[apps]]\nclient_sceret = 'x'", {}, "apps[1].client_sceret", "client_secret?"),
        ("zzz = 1", {}, "zzz", "Remove it."),
        ("", {"TIKTOK_OAUTH_WORKER": "2"}, "TIKTOK_OAUTH_WORKER", "TIKTOK_OAUTH_WORKERS?"),
    ],
)
def test_an_unknown_name_is_told_with_a_suggestion(
    planned: Planned, toml: str, variables: dict[str, str], name: str, meant: str
) -> None:
    """A typing mistake is never silently a default."""
    findings = {found.name: found for found in planned(toml, variables).judged.findings}

    assert meant in findings[name].mend


@pytest.mark.parametrize("toml", ["port = ", "password_hash = kept-out-of-sight\nport"])
def test_a_broken_file_is_told_without_its_words(planned: Planned, toml: str) -> None:
    """The place is enough; the line may hold a secret."""
    [found] = planned(toml).judged.findings

    assert found.verdict == "fail"
    assert "is no TOML: at" in found.says
    assert "out-of-sight" not in found.says


def test_a_missing_file_is_told(tmp_path: Path, planned: Planned) -> None:
    """A file that was named has to be there."""
    [found] = planned(variables={"TIKTOK_OAUTH_CONFIG": str(tmp_path / "no.toml")}).judged.findings

    assert found.verdict == "fail"
    assert "There is no file" in found.says


def test_what_was_written_does_not_show(planned: Planned) -> None:
    """A plan can be printed."""
    shown = repr(planned(APPS, GOOD))

    assert "out-of-sight" not in shown
