"""Proxies from the environment."""

from __future__ import annotations

import os

import pytest

from tiktok_oauth.config import Options, load_config, proxy_for
from tiktok_oauth.connection import ConnectionSettings

TIKTOK = "https://open.tiktokapis.com"
PROXY = "http://user:pw@proxy.example:3128"


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy but those a test sets."""
    for name in os.environ:
        if name.lower().endswith("_proxy") or name == "REQUEST_METHOD":
            monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("variables", "proxy"),
    [
        ({}, None),
        ({"HTTPS_PROXY": PROXY}, PROXY),
        ({"https_proxy": PROXY}, PROXY),
        ({"https_proxy": PROXY, "HTTPS_PROXY": "http://other.example"}, PROXY),
        ({"HTTP_PROXY": PROXY}, None),
        ({"HTTPS_PROXY": ""}, None),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "*"}, None),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "other.example,open.tiktokapis.com"}, None),
        ({"HTTPS_PROXY": PROXY, "no_proxy": ".tiktokapis.com"}, None),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "tiktok.com"}, PROXY),
        ({"NO_PROXY": "*"}, None),
    ],
)
def test_proxy_of_the_environment(
    variables: dict[str, str], proxy: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``HTTPS_PROXY`` names the proxy, lower case wins, ``NO_PROXY`` excepts hosts."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert proxy_for(TIKTOK, os.environ.get) == proxy
    assert load_config(Options(), os.environ).connection == ConnectionSettings(proxy=proxy)


@pytest.mark.parametrize(
    "origin", ["http://localhost:4010", "http://127.0.0.1:1", "http://[::1]:1"]
)
def test_this_machine_needs_no_proxy(origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sandbox on this machine is reached directly."""
    monkeypatch.setenv("HTTP_PROXY", PROXY)

    assert proxy_for(origin, os.environ.get) is None


def test_proxy_comes_from_the_environment_that_was_given() -> None:
    """A configuration is made from the mapping it is given, not from the process's own."""
    assert proxy_for(TIKTOK, {"HTTPS_PROXY": PROXY}.get) == PROXY
    assert proxy_for(TIKTOK, {"HTTPS_PROXY": PROXY, "NO_PROXY": ".tiktokapis.com"}.get) is None
