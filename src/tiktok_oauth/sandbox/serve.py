"""The sandbox as a server on this machine, in a thread of its own."""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Self, cast

import uvicorn

from tiktok_oauth.errors import invalid_argument
from tiktok_oauth.sandbox import control, desk
from tiktok_oauth.sandbox.asgi import Wire, WireProtocol
from tiktok_oauth.sandbox.controls import Controls
from tiktok_oauth.sandbox.http import Answer
from tiktok_oauth.sandbox.inprocess import AsyncInProcess, InProcess
from tiktok_oauth.sandbox.keeper import Keeper
from tiktok_oauth.sandbox.site import AUTHORIZE_PATH

if TYPE_CHECKING:
    from collections.abc import Callable

    from uvicorn._types import ASGI3Application

    from tiktok_oauth.sandbox.http import Call
    from tiktok_oauth.sandbox.knobs import Knobs

_LAST_PORT = 65_535


class Sandbox(Controls):
    """A local TikTok, for as long as the ``with`` block lasts.

    Example:
        >>> with Sandbox() as sandbox:
        ...     client = TikTokOAuth(
        ...         sandbox.client_key,
        ...         sandbox.client_secret,
        ...         "http://127.0.0.1:8000/callback",
        ...         base_url=sandbox.base_url,
        ...         authorize_url=sandbox.authorize_url,
        ...     )

    Without the block it does not listen, and serves clients of this process only::

        client = TikTokOAuth(..., transport=Sandbox().transport)

    Args:
        host: the interface; loopback only, unless ``expose``.
        port: the port, 0 for any free one.
        knobs: lifetimes and behaviour; TikTok's own by default.
        seed: makes codes and tokens the same in every run.
        state: a file to keep the world in; when there is one, its world goes on, under ``knobs``
            and at ``clock_rate`` if they are given.
        clock_rate: how many times as fast as the machine's the sandbox's clock runs: 4,320 is 30
            days in ten minutes.
        expose: allow an interface that other machines reach. Everybody there can then log in as
            anybody, which is what a sandbox is for.
        clock: the machine's time in Unix seconds; another one, for tests, can stand still.

    Raises:
        ValidationError: there is no such port or rate, or other machines reach the host and
            ``expose`` is not set.
    """

    def __init__(  # noqa: PLR0913 - every setting has a default and a name
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        knobs: Knobs | None = None,
        seed: int | None = None,
        state: str | Path | None = None,
        clock_rate: float | None = None,
        expose: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if not (expose or _is_loopback(host)):
            raise invalid_argument(
                f"host {host} can be reached from other machines.",
                "Pass expose=True if that is what you want.",
            )
        if not 0 <= port <= _LAST_PORT:
            raise invalid_argument(f"port must be from 0 to {_LAST_PORT}; 0 takes any free one.")
        super().__init__(knobs=knobs, seed=seed, clock_rate=clock_rate, clock=clock)
        self._address = host, port
        self._exposed = expose
        self._server: _Server | None = None
        self._state = None if state is None else Path(state)
        self._keeper: Keeper | None = None

    @property
    def base_url(self) -> str:
        """The origin to give to a client as ``base_url``.

        Raises:
            RuntimeError: the sandbox is not running.
        """
        if self._server is None:
            msg = "The sandbox is not running: use it as a context manager, or call start()."
            raise RuntimeError(msg)
        return self._server.origin

    @property
    def authorize_url(self) -> str:
        """The address to give to a client as ``authorize_url``."""
        return self.base_url + AUTHORIZE_PATH

    @property
    def transport(self) -> InProcess:
        """A new transport for ``TikTokOAuth``, without a socket."""
        return InProcess(self.respond)

    @property
    def async_transport(self) -> AsyncInProcess:
        """A new transport for ``AsyncTikTokOAuth``, without a socket."""
        return AsyncInProcess(self.respond)

    def respond(self, call: Call) -> Answer:
        """Answer any call, and announce the sandbox's clock on it: its time, and its rate.

        Our own processes on this machine age their tokens by them.
        """
        if call.path == desk.PATH:
            answer = desk.answer(self, call)
        elif control.is_control(call.path):
            answer = control.answer(self, call)
        else:
            answer = self.router.answer(call)
        announced = (
            (b"x-sandbox-time", b"%d" % self.now()),
            (b"x-sandbox-clock-rate", b"%.10g" % self.world.pace.rate),
        )
        headers = (*answer.headers, *announced)
        return Answer(answer.status, headers, answer.body, answer.delivery)

    def start(self) -> Self:
        """Listen, and return when requests are answered.

        Raises:
            OSError: the port is taken.
            ValidationError: the state's file holds no world, or cannot be read or written.
        """
        listener = _listen(*self._address)
        try:
            self._keeper = self._keep()
        except BaseException:
            listener.close()
            raise
        self._server = _Server(Wire(self.respond, exposed=self._exposed), listener)
        self._server.start()
        return self

    def stop(self) -> None:
        """Stop listening and end the threads. Stopping twice is fine.

        Raises:
            ValidationError: the state's file cannot be written.
        """
        self.router.courier.stop()
        if self._server is not None:
            self._server.stop()
            self._server = None
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.stop()

    def wait(self) -> None:
        """Block until the server ends."""
        if self._server is not None:
            self._server.wait()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _keep(self) -> Keeper | None:
        if self._state is None:
            return None
        keeper = Keeper(self, self._state)
        given = self.faults()
        keeper.load()
        kept = self.faults()
        for rule in given:
            if rule not in kept:
                self.add_fault(rule)
        if self._knobs is not None:
            self.turn(**asdict(self._knobs))
        if self._clock_rate is not None:
            self.run_clock(self._clock_rate)
        keeper.start()
        return keeper


class _Server(uvicorn.Server):
    """uvicorn in a daemon thread, which tells when it is up."""

    def __init__(self, app: Wire, listener: socket.socket) -> None:
        super().__init__(
            uvicorn.Config(
                cast("ASGI3Application", app),
                access_log=False,
                http=WireProtocol,
                interface="asgi3",
                lifespan="off",
                log_config=None,
                server_header=False,
                timeout_graceful_shutdown=1,
                ws="none",
            )
        )
        self._up = threading.Event()
        self.origin = _origin(listener)
        self._thread = threading.Thread(
            target=self.run, args=([listener],), name="tiktok-sandbox", daemon=True
        )

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        finally:
            self._up.set()

    def start(self) -> None:
        self._thread.start()
        self._up.wait()

    def stop(self) -> None:
        self.should_exit = True
        self._thread.join()

    def wait(self) -> None:
        self._thread.join()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=1_024)


def _origin(listener: socket.socket) -> str:
    """Return where to find the listener from this machine."""
    host, port = listener.getsockname()[:2]
    with_colons = listener.family == socket.AF_INET6
    if ipaddress.ip_address(host).is_unspecified:
        host = "::1" if with_colons else "127.0.0.1"
    return f"http://[{host}]:{port}" if with_colons else f"http://{host}:{port}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
