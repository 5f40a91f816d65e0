"""A client's configuration: arguments first, then the environment, then defaults."""

from __future__ import annotations

import math
import traceback
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiktok_oauth.config import (
    ClientConfig,
    Options,
    RetryPolicy,
    check_authorize_url,
    check_base_url,
    check_scopes,
    load_config,
)
from tiktok_oauth.connection import ConnectionSettings
from tiktok_oauth.errors import InvalidCredentialsError, ValidationError
from tiktok_oauth.types import Secret, split_scopes

if TYPE_CHECKING:
    from pathlib import Path

ENVIRONMENT = {
    "TIKTOK_CLIENT_KEY": "env-key",
    "TIKTOK_CLIENT_SECRET": "env-secret",
    "TIKTOK_REDIRECT_URI": "https://env.example.com/cb",
    "TIKTOK_SCOPES": "user.info.basic, video.list",
    "TIKTOK_BASE_URL": "http://127.0.0.1:4010/",
    "TIKTOK_AUTHORIZE_URL": "http://127.0.0.1:4010/v2/auth/authorize/",
}
NAME = st.text("abcdefghijklmnopqrstuvwxyz0123456789._", min_size=1).filter(
    lambda name: name.strip("._") != ""
)


def each(name: str, *values: object) -> list[tuple[str, object]]:
    """The same setting with each of several values."""
    return [(name, value) for value in values]


def test_defaults_point_at_tiktok() -> None:
    """With nothing said anywhere, TikTok's own addresses and the basic scope are used."""
    assert load_config(Options(), {}) == ClientConfig(
        client_key=None,
        client_secret=None,
        client_secret_previous=None,
        redirect_uri=None,
        scopes=("user.info.basic",),
        timeout=10.0,
        deadline=None,
        retry=RetryPolicy(),
        base_url="https://open.tiktokapis.com",
        authorize_url="https://www.tiktok.com/v2/auth/authorize/",
        connection=ConnectionSettings(),
    )


def test_environment_fills_the_gaps() -> None:
    """Every variable of the contract is read."""
    config = load_config(Options(), ENVIRONMENT)

    assert (config.client_key, config.client_secret) == ("env-key", Secret("env-secret"))
    assert config.redirect_uri == "https://env.example.com/cb"
    assert config.scopes == ("user.info.basic", "video.list")
    assert config.base_url == "http://127.0.0.1:4010"
    assert config.authorize_url == "http://127.0.0.1:4010/v2/auth/authorize/"


def test_arguments_beat_the_environment() -> None:
    """What the constructor was given wins, an empty string included where it can be judged."""
    config = load_config(
        Options(
            client_key="",
            client_secret=Secret("own"),
            client_secret_previous=Secret("old"),
            redirect_uri="https://own.example.com/cb",
            scopes=["video.publish"],
            timeout=3,
            deadline=60,
            retry=RetryPolicy(attempts=1),
            base_url="https://own.example.com",
            authorize_url="https://own.example.com/auth",
        ),
        ENVIRONMENT,
    )

    assert (config.client_key, config.client_secret) == ("", Secret("own"))
    assert config.client_secret_previous == Secret("old")
    assert (config.redirect_uri, config.scopes) == (
        "https://own.example.com/cb",
        ("video.publish",),
    )
    assert (config.timeout, config.deadline, config.retry.attempts) == (3.0, 60, 1)
    assert (config.base_url, config.authorize_url) == (
        "https://own.example.com",
        "https://own.example.com/auth",
    )


def test_blank_variables_are_no_settings() -> None:
    """Variables set to nothing leave the defaults."""
    config = load_config(Options(), dict.fromkeys(ENVIRONMENT, ""))

    assert config.base_url == "https://open.tiktokapis.com"
    assert config.authorize_url == "https://www.tiktok.com/v2/auth/authorize/"
    assert config.scopes == ("user.info.basic",)


def test_secret_file_is_read(tmp_path: Path) -> None:
    """The secret may stand in a file, whose last newline is an editor's and not the secret's."""
    path = tmp_path / "secret"
    path.write_bytes(b"from-file\r\n")
    environment = {"TIKTOK_CLIENT_SECRET_FILE": str(path)}

    assert load_config(Options(), environment).client_secret == Secret("from-file")
    both = environment | {"TIKTOK_CLIENT_SECRET": "from-variable"}
    assert load_config(Options(), both).client_secret == Secret("from-variable")
    assert load_config(Options(client_secret=Secret("own")), both).client_secret == Secret("own")


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_unreadable_secret_file_is_told(tmp_path: Path, content: bytes | None) -> None:
    """A file that is missing, a folder or no text is refused by the variable's name alone."""
    path = tmp_path / "s3cret-name"
    if content is not None:
        path.write_bytes(content)
    for file in (path, tmp_path):
        with pytest.raises(InvalidCredentialsError, match="TIKTOK_CLIENT_SECRET_FILE") as caught:
            load_config(Options(), {"TIKTOK_CLIENT_SECRET_FILE": str(file)})
        assert caught.value.__context__ is None
        assert caught.value.hint


def test_blank_secret_file_variable_means_none() -> None:
    """A variable without a path names no file."""
    assert load_config(Options(), {"TIKTOK_CLIENT_SECRET_FILE": ""}).client_secret is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *each("timeout", 0, -1, 3601, math.nan, math.inf, "5", None, True, 10**400),
        *each("deadline", 0, -1, 86401, math.nan, "5", True, 10**400),
        *each("retry", None, 3, {"attempts": 3}),
        *each("scopes", [], "", " , ", 5, b"a", {"a": 1}, [""], [5], ["a b"]),
        *each("scopes", ["a,b"], "a b", "a+b", ["é"], ["..."], ["\ud800"]),
        *each("scopes", [["a"]], [{}], [None], bytearray(b"a")),
        *each("base_url", 5, "x", "http://example.com", "https://", "//a.example"),
        *each("base_url", "https://a.example/path", "https://a.example/?q=1"),
        *each("base_url", "https://u:p@a.example", "https://a.example:99999"),
        *each("base_url", "https://a exa.mple", "ftp://a.example", "https://é.at"),
        *each("base_url", "https://[::1", "https://a.example/#f", "file:///etc"),
        *each("authorize_url", 5, "x", "http://example.com/", "https://a.example/?"),
        *each("authorize_url", "https://a.example/#f", "https://u@a.example/"),
        *each("ca_file", "/no/such/file.pem", "", "/", 5, ["ca.pem"], "\0"),
    ],
)
def test_wrong_setting_is_refused_by_name(name: str, value: object) -> None:
    """A setting that cannot be right is a ValidationError that names it."""
    options: Any = {name: value}

    with pytest.raises(ValidationError, match=name):
        load_config(Options(**options), {})


@pytest.mark.parametrize("variable", ["TIKTOK_BASE_URL", "TIKTOK_AUTHORIZE_URL"])
def test_wrong_variable_is_refused_by_name(variable: str) -> None:
    """A wrong variable is refused as a wrong argument is, with the variable's name."""
    with pytest.raises(ValidationError, match=variable):
        load_config(Options(), {variable: "http://example.com"})


def test_refused_setting_shows_no_variable() -> None:
    """A traceback that prints local variables shows nothing of the environment's secrets."""
    with pytest.raises(ValidationError) as caught:
        load_config(Options(), ENVIRONMENT | {"TIKTOK_BASE_URL": "http://example.com"})

    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    ours = [frame for frame in shown.stack if "tiktok_oauth" in frame.filename]
    assert ours
    assert "env-secret" not in str([frame.locals for frame in ours])


@pytest.mark.parametrize(
    ("given_url", "origin"),
    [
        ("https://a.example", "https://a.example"),
        ("https://a.example/", "https://a.example"),
        ("HTTPS://A.example:8443", "https://A.example:8443"),
        ("http://localhost:4010", "http://localhost:4010"),
        ("http://[::1]:4010/", "http://[::1]:4010"),
    ],
)
def test_base_url_is_an_origin(given_url: str, origin: str) -> None:
    """A base URL loses its slash; http is for this machine only."""
    assert check_base_url(given_url) == origin


def test_authorize_url_stays_as_it_is() -> None:
    """The slash at the end of TikTok's page is part of its URL."""
    for url in ("https://www.tiktok.com/v2/auth/authorize/", "http://localhost:1/x"):
        assert check_authorize_url(url) == url


def test_ca_file_is_taken_over(tmp_path: Path) -> None:
    """A file of authorities is part of what connections are shared by."""
    path = tmp_path / "ca.pem"
    path.touch()

    config = load_config(Options(ca_file=str(path)), {})

    assert config.connection == ConnectionSettings(ca_file=str(path))


def test_configuration_shows_no_secret() -> None:
    """Neither the options nor the configuration show a secret, nor a proxy's password."""
    options = Options(client_secret=Secret("s3cret"), client_secret_previous=Secret("s3cret"))
    settings = ConnectionSettings(proxy="http://user:s3cret@proxy.example:3128")

    assert "s3cret" not in repr((options, load_config(options, {}), settings))


@given(st.lists(NAME, min_size=1, max_size=6))
def test_scopes_round_trip(names: list[str]) -> None:
    """A list of scopes and its comma list are the same, each scope once and in order."""
    scopes = check_scopes(names)

    assert scopes == tuple(dict.fromkeys(names))
    assert check_scopes(",".join(names)) == check_scopes(" , ".join(names)) == scopes
    assert split_scopes(",".join(scopes)) == scopes


@pytest.mark.parametrize("kind", [list, tuple, set, frozenset])
def test_scopes_come_in_any_collection(kind: type) -> None:
    """Lists, tuples and sets of strings are all taken."""
    assert check_scopes(kind(["user.info.basic"])) == ("user.info.basic",)


@given(st.recursive(st.none() | st.text() | st.integers() | st.binary(), st.lists, max_leaves=5))
def test_any_scopes_are_read_or_refused(value: object) -> None:
    """Whatever is given as scopes gives a tuple or a ValidationError."""
    try:
        names = check_scopes(value)
    except ValidationError:
        return
    assert names
    assert all(isinstance(name, str) for name in names)
