"""What the doctor says of an app."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from tiktok_oauth import Sandbox
from tiktok_oauth.cli.appchecks import examine_app
from tiktok_oauth.cli.root import root

if TYPE_CHECKING:
    from pathlib import Path

    from tiktok_oauth.cli.finding import Finding


@pytest.fixture(autouse=True)
def app(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An app whose settings can be right."""
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.delenv("TIKTOK_CLIENT_SECRET_FILE", raising=False)
    monkeypatch.delenv("TIKTOK_SCOPES", raising=False)
    monkeypatch.setenv("TIKTOK_CLIENT_KEY", "aw1234567890abcdef")
    monkeypatch.setenv("TIKTOK_CLIENT_SECRET", "kept-out-of-sight-0001")
    monkeypatch.setenv("TIKTOK_REDIRECT_URI", "https://login.example.com/callback")


def found(name: str, *, offline: bool = True) -> list[Finding]:
    """What is said of one thing."""
    return [finding for finding in examine_app(offline=offline) if finding.name == name]


@pytest.mark.parametrize(
    ("uri", "verdict", "words"),
    [
        ("https://login.example.com/callback", "ok", "Web tab"),
        ("http://127.0.0.1:8000/callback", "ok", "Desktop tab"),
        ("http://login.example.com/callback", "fail", "must use https"),
        ("https://login.example.com/callback?a=1", "fail", "static"),
        ("https://10.0.0.1/callback", "fail", "registered domain"),
        ("https://Login.example.com/callback", "warn", "capital letters"),
        ("https://login.example.com:443/callback", "warn", "a port"),
        ("https://login.example.com", "warn", "no path"),
    ],
)
def test_redirect_uris_are_judged_by_tiktoks_rules(
    monkeypatch: pytest.MonkeyPatch, uri: str, verdict: str, words: str
) -> None:
    """What TikTok would refuse fails, what it may compare differently warns."""
    monkeypatch.setenv("TIKTOK_REDIRECT_URI", uri)

    [finding] = found("redirect")

    assert finding.verdict == verdict
    assert words in finding.says
    assert bool(finding.mend) is (verdict != "ok")


def test_each_scope_is_told_with_its_product(monkeypatch: pytest.MonkeyPatch) -> None:
    """One whose product was not added makes TikTok refuse the whole request."""
    monkeypatch.setenv("TIKTOK_SCOPES", "user.info.basic,video.list,video.publish")

    [finding] = found("scopes")

    assert finding.verdict == "ok"
    assert "Login Kit for user.info.basic" in finding.says
    assert "Display API for video.list" in finding.says
    assert "Content Posting API for video.publish" in finding.says


@pytest.mark.parametrize(
    ("scope", "verdict", "words"),
    [
        ("user.info.basics", "warn", "Did you mean user.info.basic?"),
        ("something.new", "warn", "portal"),
        ("research.data.basic", "fail", "get_client_access_token"),
        ("message.list.read", "fail", "Leave it out"),
        ("user.info.basic video.list", "fail", "comma"),
    ],
)
def test_a_scope_nobody_can_grant_is_told(
    monkeypatch: pytest.MonkeyPatch, scope: str, verdict: str, words: str
) -> None:
    """With what to do about it."""
    monkeypatch.setenv("TIKTOK_SCOPES", scope)

    [finding] = found("scopes")

    assert finding.verdict == verdict
    assert words in finding.mend


def test_a_first_look_frightens_nobody(tmp_path: Path) -> None:
    """Without a store there is no key to have lost: both are told with how they come to be."""
    store = f"sqlite:///{tmp_path / 'tokens.db'}"
    told = CliRunner().invoke(root, ["doctor", "--offline", "--json", "--database", store])
    keys = [one for one in json.loads(told.stdout) if one["name"] == "keys"]

    assert [(one["verdict"], one["mend"]) for one in keys] == [
        ("warn", "The first login makes one, with the store.")
    ]


def test_the_services_settings_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """As `serve --check` does."""
    monkeypatch.setenv("TIKTOK_OAUTH_PORT", "eighty")

    first = found("service")[0]

    assert (first.verdict, first.says) == ("fail", "port: It is no whole number.")


@pytest.mark.slow
@pytest.mark.parametrize(("secret", "verdict"), [(None, "ok"), ("another-secret-0001", "fail")])
def test_tiktok_is_asked_whether_it_knows_the_credentials(
    monkeypatch: pytest.MonkeyPatch, secret: str | None, verdict: str
) -> None:
    """A wrong secret is found before the first person meets it."""
    with Sandbox() as sandbox:
        monkeypatch.setenv("TIKTOK_CLIENT_KEY", sandbox.client_key)
        monkeypatch.setenv("TIKTOK_CLIENT_SECRET", secret or sandbox.client_secret)
        monkeypatch.setenv("TIKTOK_BASE_URL", sandbox.base_url)

        result = CliRunner().invoke(root, ["doctor", "--json"])

    told = {one["name"]: one["verdict"] for one in json.loads(result.stdout)}
    assert told["credentials"] == verdict
    assert told["clock"] in {"ok", "warn", "fail"}
