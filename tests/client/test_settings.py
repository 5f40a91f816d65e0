"""Where a client's settings come from, and the client that is ready to import."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.client.conftest import KEY, REDIRECT_URI, SECRET
from tests.support.scripted import ACCESS_TOKEN, PROFILE, REFRESH_TOKEN, REFRESHED, answer
from tiktok_oauth import (
    AsyncTikTokOAuth,
    InvalidCredentialsError,
    TikTokOAuth,
    ValidationError,
    tiktok_oauth,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.client.conftest import World

MISSING: dict[str, object] = {"client_key": None, "client_secret": None, "redirect_uri": None}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment with good credentials."""
    monkeypatch.setenv("TIKTOK_CLIENT_KEY", "awFromEnvironment")
    monkeypatch.setenv("TIKTOK_CLIENT_SECRET", "SecretFromEnvironment")
    monkeypatch.setenv("TIKTOK_REDIRECT_URI", "https://env.example.com/callback")
    return monkeypatch


def test_the_environment_fills_the_gaps(world: World, environment: pytest.MonkeyPatch) -> None:
    """What the constructor is not given comes from the variables."""
    environment.setenv("TIKTOK_SCOPES", "user.info.basic, video.list")
    shell = world.client(**MISSING)
    shell.script.play(answer(REFRESHED))
    url = shell.call("get_authorization_url").url
    shell.call("refresh_access_token", REFRESH_TOKEN)

    assert "client_key=awFromEnvironment" in url
    assert "scope=user.info.basic%2Cvideo.list" in url
    assert "redirect_uri=https%3A%2F%2Fenv.example.com%2Fcallback" in url
    assert shell.script.attempts[0].form["client_secret"] == "SecretFromEnvironment"


def test_arguments_go_before_the_environment(world: World, environment: pytest.MonkeyPatch) -> None:
    """The constructor's word counts."""
    environment.setenv("TIKTOK_SCOPES", "video.list")
    shell = world.client(scopes=["user.info.stats"])
    url = shell.call("get_authorization_url").url

    assert f"client_key={KEY}" in url
    assert "scope=user.info.stats" in url
    assert "app.example.com" in url


def test_the_secret_may_be_in_a_file(
    world: World, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An editor's newline at its end is not part of it; the variable itself goes first."""
    path = tmp_path / "secret"
    path.write_text("SecretFromFile\n")
    environment.setenv("TIKTOK_CLIENT_SECRET_FILE", str(path))
    with_both = world.client(**MISSING)
    environment.delenv("TIKTOK_CLIENT_SECRET")
    with_file = world.client(**MISSING)

    for shell, secret in ((with_both, "SecretFromEnvironment"), (with_file, "SecretFromFile")):
        shell.script.play(answer(REFRESHED))
        shell.call("refresh_access_token", REFRESH_TOKEN)
        assert shell.script.attempts[0].form["client_secret"] == secret


def test_a_secret_file_that_cannot_be_read_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The constructor names the variable, not what is in the file."""
    binary = tmp_path / "secret"
    binary.write_bytes(b"\xff\xfe")
    for path in (tmp_path / "nowhere", tmp_path, binary):
        monkeypatch.setenv("TIKTOK_CLIENT_SECRET_FILE", str(path))
        with pytest.raises(InvalidCredentialsError, match="TIKTOK_CLIENT_SECRET_FILE"):
            world.client(**MISSING)


def test_variables_point_the_client_at_a_sandbox(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Plain http is allowed to this machine only."""
    monkeypatch.setenv("TIKTOK_BASE_URL", "http://127.0.0.1:4010/")
    monkeypatch.setenv("TIKTOK_AUTHORIZE_URL", "http://127.0.0.1:4010/authorize/")
    shell = world.client()
    shell.script.play(answer(PROFILE))
    shell.call("get_user_info", ACCESS_TOKEN)

    assert shell.script.attempts[0].request.url.startswith("http://127.0.0.1:4010/v2/user/info/?")
    assert shell.call("get_authorization_url").url.startswith("http://127.0.0.1:4010/authorize/?")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TIKTOK_BASE_URL", "http://tiktok.example"),
        ("TIKTOK_AUTHORIZE_URL", "nowhere"),
        ("TIKTOK_SCOPES", "user.info.basic video.list"),
    ],
)
def test_a_wrong_variable_is_named(
    world: World, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    """The reader of the error sees which one to mend."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(ValidationError, match=variable):
        world.client()


@pytest.mark.parametrize("setting", [{"timeout": 0}, {"scopes": "a b"}, {"transport": "none"}])
@pytest.mark.parametrize("kind", [TikTokOAuth, AsyncTikTokOAuth])
def test_a_failing_constructor_shows_no_environment(
    environment: pytest.MonkeyPatch,
    setting: dict[str, object],
    kind: type[TikTokOAuth | AsyncTikTokOAuth],
) -> None:
    """A traceback with local variables can be made of it, and has no secret in it."""
    with pytest.raises(ValidationError) as caught:
        kind(**setting)  # type: ignore[arg-type]  # wrong on purpose
    shown = "".join(
        traceback.TracebackException.from_exception(caught.value, capture_locals=True).format()
    )

    assert "load_config" in shown or "named_transport" in shown
    assert "SecretFromEnvironment" not in shown


def test_a_client_shows_its_key_and_nothing_else(world: World) -> None:
    """``repr`` is fit for a log."""
    client = world.client(client_secret_previous="ThePreviousSecret").client

    assert repr(client) == f"{type(client).__name__}(client_key={KEY!r})"


READY = """
import os, sys
from tiktok_oauth import tiktok_oauth
os.environ.update(TIKTOK_CLIENT_KEY="awLate", TIKTOK_CLIENT_SECRET="s3cr3tLate",
                  TIKTOK_REDIRECT_URI="https://late.example.com/cb")
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(8) as threads:
    urls = list(threads.map(lambda _: tiktok_oauth.get_authorization_url().url, range(8)))
assert all("client_key=awLate" in url for url in urls)
assert tiktok_oauth.metrics().requests == 8
assert not {"urllib3", "aiohttp"} & set(sys.modules)
tiktok_oauth.close()
"""


def run_python(script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a script in a fresh interpreter."""
    known = {name: value for name, value in os.environ.items() if not name.startswith("TIKTOK_")}
    return subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-W", "error", "-c", script],
        env=known | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.slow
def test_the_ready_client_reads_the_environment_when_first_used() -> None:
    """Importing it needs no variable; the first use, from whichever thread, reads them once."""
    done = run_python(READY)

    assert (done.returncode, done.stderr) == (0, "")


NOT_READY = """
from tiktok_oauth import TikTokAPIError, tiktok_oauth
for attempt in range(2):
    try:
        tiktok_oauth.get_authorization_url()
    except TikTokAPIError as error:
        print(error.code, error.message)
assert repr(tiktok_oauth)
assert not hasattr(tiktok_oauth, "no_such_name")
"""


@pytest.mark.slow
def test_the_ready_client_says_what_is_missing() -> None:
    """Without credentials each use raises the typed error, and so does a wrong variable."""
    bare = run_python(NOT_READY)
    wrong = run_python(NOT_READY, TIKTOK_BASE_URL="http://tiktok.example")

    assert bare.stdout.count("INVALID_CREDENTIALS client_key is missing.") == 2
    assert wrong.stdout.count("VALIDATION_ERROR base_url (TIKTOK_BASE_URL)") == 2
    assert (bare.returncode, wrong.returncode) == (0, 0)


def test_threads_that_start_together_share_the_ready_client(
    environment: pytest.MonkeyPatch,
) -> None:
    """Whoever comes first makes it, and nobody's call is lost."""
    ready = type(tiktok_oauth)()
    together = threading.Barrier(4)

    def first_use() -> str:
        together.wait(5)
        return ready.get_authorization_url().url

    with ThreadPoolExecutor(4) as threads:
        urls = [call.result() for call in [threads.submit(first_use) for _ in range(4)]]

    assert all("client_key=awFromEnvironment" in url for url in urls)
    assert ready.metrics().requests == 4


def test_the_ready_client_is_an_ordinary_client() -> None:
    """It has the type of any blocking client."""
    assert isinstance(tiktok_oauth, TikTokOAuth)


def test_secrets_of_the_settings_do_not_show(world: World) -> None:
    """The client's own values mask them."""
    client = world.client(client_secret_previous="ThePreviousSecret").client
    shown = repr(vars(client)) + repr(client._core) + repr(client._core.config)  # noqa: SLF001 - looks for leaks

    assert SECRET not in shown
    assert "ThePreviousSecret" not in shown
    assert REDIRECT_URI in shown
