"""One harness over both clients, so that each behaviour is told once and proven twice."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import os
import threading
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.scripted import AsyncScriptedTransport, FakeClock, Script, ScriptedTransport
from tiktok_oauth import AsyncTikTokOAuth, TikTokAPIError, TikTokOAuth

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = "aw0examplekey"
SECRET = "S3cr3tOfTheApp0123456789"
REDIRECT_URI = "https://app.example.com/callback"


class Shell:
    """A client of either kind behind one way to call it."""

    def __init__(self, runner: asyncio.Runner | None, settings: dict[str, Any]) -> None:
        self.runner = runner
        self.script = Script()
        self.clock = FakeClock()
        awaiting = runner is not None
        self.transport = (AsyncScriptedTransport if awaiting else ScriptedTransport)(self.script)
        base = {
            "client_key": KEY,
            "client_secret": SECRET,
            "redirect_uri": REDIRECT_URI,
            "transport": self.transport,
            "clock": self.clock,
        }
        kind: Any = AsyncTikTokOAuth if awaiting else TikTokOAuth
        self.client = kind(**(base | settings))

    def call(self, method: str, /, *args: object, **kwargs: object) -> Any:  # noqa: ANN401 - any method
        """Call a method and wait for what it returns."""
        outcome = getattr(self.client, method)(*args, **kwargs)
        if not inspect.iscoroutine(outcome):
            return outcome
        assert self.runner is not None
        return self.runner.run(outcome, context=contextvars.copy_context())

    def refused(self, method: str, /, *args: object, **kwargs: object) -> TikTokAPIError:
        """Call a method that must raise, and give the error."""
        with pytest.raises(TikTokAPIError) as caught:
            self.call(method, *args, **kwargs)
        return caught.value

    def close_elsewhere(self) -> None:
        """Close the client from another thread, and wait until it is closed."""

        def close() -> None:
            outcome = self.client.close()
            if inspect.iscoroutine(outcome):
                asyncio.run(outcome)

        thread = threading.Thread(target=close)
        thread.start()
        thread.join()

    @property
    def sent(self) -> int:
        """How many attempts reached the network."""
        return len(self.script.attempts)


class World:
    """Makes clients of one kind."""

    def __init__(self, runner: asyncio.Runner | None) -> None:
        self.runner = runner

    @property
    def awaiting(self) -> bool:
        """Whether its clients are the awaiting ones."""
        return self.runner is not None

    def client(self, **settings: object) -> Shell:
        """Make a client with settings of the test's own."""
        return Shell(self.runner, settings)


@pytest.fixture(scope="session")
def _runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(params=["blocking", "awaiting"])
def world(request: pytest.FixtureRequest, _runner: asyncio.Runner) -> World:
    """Each kind of client in turn."""
    return World(None if request.param == "blocking" else _runner)


@pytest.fixture
def shell(world: World) -> Shell:
    """A client with good credentials."""
    return world.client()


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings of whoever runs the tests are not ours."""
    for name in [name for name in os.environ if name.startswith("TIKTOK_")]:
        monkeypatch.delenv(name)
