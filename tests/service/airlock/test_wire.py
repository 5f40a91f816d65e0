"""The airlock's socket: what travels, who may come, and who finds it again."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import pytest

from tiktok_oauth import LoginError, NetworkError, RateLimitError, TikTokErrorCode
from tiktok_oauth.correlation import correlation_id, current_correlation_id
from tiktok_oauth.errors import login_error
from tiktok_oauth.service.airlock import wire
from tiktok_oauth.service.airlock.port import Finished
from tiktok_oauth.service.airlock.remote import RemoteAirlock
from tiktok_oauth.service.airlock.server import AirlockServer
from tiktok_oauth.types import Secret
from tiktok_oauth.vault.fleet.progress import Progress

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

FINISHED = Finished("app", "person", "/accounts", frozenset({"a"}), frozenset({"b"}))


def mode_of(path: Path) -> int:
    """Who may do what with a file."""
    return path.stat().st_mode & 0o777


class Recorder:
    """An airlock that remembers what it was asked, and does as it is told."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str | None]] = []
        self.error: Exception | None = None
        self.woken = 0

    async def finish_login(self, query: str, binding: str) -> Finished:
        """Finish, or fail."""
        self.asked.append((query, binding, current_correlation_id()))
        if self.error is not None:
            raise self.error
        return FINISHED

    async def wake(self) -> None:
        """Count."""
        self.woken += 1

    async def progress(self) -> Progress | None:
        """Some figures."""
        return Progress(1.0, refreshed=3)

    async def aclose(self) -> None:
        """Nothing is open."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the socket is, in a directory of our own."""
    tmp_path.chmod(0o700)
    return tmp_path / "airlock.sock"


@pytest.fixture
def recorder() -> Recorder:
    """The airlock behind the socket."""
    return Recorder()


@pytest.fixture
async def remote(path: Path, recorder: Recorder) -> AsyncIterator[RemoteAirlock]:
    """A worker's end."""
    server = AirlockServer(recorder, path)
    await server.start()
    airlock = RemoteAirlock(path, patience=0.2)
    yield airlock
    await airlock.aclose()
    await server.stop()


async def test_calls_pass_through(remote: RemoteAirlock, recorder: Recorder) -> None:
    """Arguments, results and the correlation ID arrive as they were."""
    with correlation_id("of-the-visitor"):
        finished = await remote.finish_login("code=1&state=2", "cookie")
    await remote.wake()

    assert finished == FINISHED
    assert recorder.asked == [("code=1&state=2", "cookie", "of-the-visitor")]
    assert await remote.progress() == Progress(1.0, refreshed=3)
    assert recorder.woken == 1


async def test_an_error_arrives_whole(remote: RemoteAirlock, recorder: Recorder) -> None:
    """Class, code, hint, TikTok's own words and all that a caller may act upon are the same."""
    sent = RateLimitError(
        TikTokErrorCode.RATE_LIMIT,
        "Too many.",
        "its-call",
        retryable=True,
        log_id="L1",
        hint="Wait.",
        tiktok_code="rate_limit_exceeded",
        http_status=429,
    )
    sent.method, sent.attempts, sent.retry_after = "exchange_code_for_tokens", 3, 7.5
    recorder.error = sent

    with pytest.raises(RateLimitError) as caught:
        await remote.finish_login("q", "b")

    assert vars(caught.value) == vars(sent)


async def test_a_login_error_keeps_its_reason(remote: RemoteAirlock, recorder: Recorder) -> None:
    """Pages explain a refused callback by its reason."""
    recorder.error = login_error("expired")

    with pytest.raises(LoginError) as caught:
        await remote.finish_login("q", "b")

    assert caught.value.reason == "expired"


async def test_noise_does_not_reach_it(remote: RemoteAirlock, recorder: Recorder) -> None:
    """A callback without any cookie of a login is refused before it costs anything (T-34)."""
    with pytest.raises(LoginError) as caught:
        await remote.finish_login("code=1&state=2", "")

    assert caught.value.reason == "missing"
    assert recorder.asked == []


async def test_an_unexpected_error_is_told_without_its_text(
    remote: RemoteAirlock, recorder: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    """What nobody foresaw may quote a code, so only its class is told and logged."""
    recorder.error = RuntimeError("code=the-code")

    with pytest.raises(Exception, match="RuntimeError") as caught:
        await remote.finish_login("code=the-code", "b")

    assert "the-code" not in str(caught.value)
    assert "the-code" not in caplog.text


async def test_a_restarted_airlock_is_found_again(path: Path, recorder: Recorder) -> None:
    """A worker's next call goes to the new process, and waits until it is there."""
    first = AirlockServer(recorder, path)
    await first.start()
    remote = RemoteAirlock(path)
    await remote.finish_login("1", "b")
    await first.stop()
    asking = asyncio.create_task(remote.finish_login("2", "b"))
    second = AirlockServer(recorder, path)
    await second.start()

    finished = await asking

    assert finished == FINISHED
    assert [query for query, *_ in recorder.asked] == ["1", "2"]
    await remote.aclose()
    await second.stop()


async def test_an_airlock_that_is_gone_is_told(path: Path) -> None:
    """Nobody waits for ever: a login fails with what can be tried again, a wake is dropped."""
    remote = RemoteAirlock(path, patience=0.0)

    await remote.wake()
    with pytest.raises(NetworkError) as caught:
        await remote.finish_login("q", "b")

    assert caught.value.retryable
    assert await remote.progress() is None


async def test_nobody_else_gets_at_the_socket(path: Path, recorder: Recorder) -> None:
    """It has mode 0600, and is not made where others can enter."""
    server = AirlockServer(recorder, path)
    await server.start()
    mode = mode_of(path)
    await server.stop()
    path.parent.chmod(0o755)

    assert mode == 0o600
    with pytest.raises(PermissionError, match="chmod 700"):
        await AirlockServer(recorder, path).start()


def test_a_process_of_ours_is_recognised() -> None:
    """The other end of a socket pair runs as this user."""
    ours, theirs = socket.socketpair()

    with ours, theirs:
        assert wire.is_ours(ours)


def test_what_travels_shows_no_secret() -> None:
    """A call's repr has neither code nor binding in it."""
    call = wire.FinishLogin(1, Secret("code=abc"), Secret("cookie"), None)

    assert "abc" not in repr(call)
    assert "cookie" not in repr(call)
