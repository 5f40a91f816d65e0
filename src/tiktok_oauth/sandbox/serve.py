"""The sandbox as a server on this machine, in a thread of its own."""

from __future__ import annotations

import ipaddress
import random
import socket
import threading
from typing import TYPE_CHECKING, Self, cast
from urllib.parse import parse_qsl, urlsplit

import uvicorn

from tiktok_oauth.errors import invalid_argument
from tiktok_oauth.sandbox.asgi import Wire, WireProtocol
from tiktok_oauth.sandbox.authorize import allow, deny, read_request
from tiktok_oauth.sandbox.catalog import DEFAULT_APP
from tiktok_oauth.sandbox.live import LiveWorld
from tiktok_oauth.sandbox.notices import Reason
from tiktok_oauth.sandbox.registration import check_app
from tiktok_oauth.sandbox.routes import Router
from tiktok_oauth.sandbox.rules import make_rule
from tiktok_oauth.sandbox.site import AUTHORIZE_PATH
from tiktok_oauth.sandbox.world import World

if TYPE_CHECKING:
    from collections.abc import Iterable

    from uvicorn._types import ASGI3Application

    from tiktok_oauth.sandbox.catalog import App
    from tiktok_oauth.sandbox.knobs import Knobs
    from tiktok_oauth.sandbox.ledger import Entry
    from tiktok_oauth.sandbox.outbox import Dispatch
    from tiktok_oauth.sandbox.rules import Rule

_LAST_PORT = 65_535


class Sandbox:
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

    Args:
        host: the interface; loopback only, unless ``expose``.
        port: the port, 0 for any free one.
        knobs: lifetimes; TikTok's own by default.
        seed: makes codes and tokens the same in every run.
        expose: allow an interface that other machines reach. Everybody there can then log in as
            anybody, which is what a sandbox is for.

    Raises:
        ValidationError: there is no such port, or other machines reach the host and ``expose``
            is not set.
    """

    client_key: str = DEFAULT_APP.client_key
    client_secret: str = DEFAULT_APP.client_secret

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        knobs: Knobs | None = None,
        seed: int | None = None,
        expose: bool = False,
    ) -> None:
        if not (expose or _is_loopback(host)):
            raise invalid_argument(
                f"host {host} can be reached from other machines.",
                "Pass expose=True if that is what you want.",
            )
        if not 0 <= port <= _LAST_PORT:
            raise invalid_argument(f"port must be from 0 to {_LAST_PORT}; 0 takes any free one.")
        self._knobs, self._seed = knobs, seed
        self.live = LiveWorld(self._new_world())
        self._router = Router(self.live)
        self._address = host, port
        self._server: _Server | None = None

    @property
    def world(self) -> World:
        """The world of this moment; ``reset`` puts another in its place."""
        return self.live.world

    def now(self) -> float:
        """Return the sandbox's time in Unix seconds."""
        return self.live.now()

    def reset(self) -> None:
        """Begin again with a new world, whose clock is the machine's."""
        self._router.reset(self._new_world())

    def add_app(self, app: App) -> None:
        """Register an app, or register it anew.

        Raises:
            ValidationError: TikTok would not register it.
        """
        with self.live as (world, _):
            world.apps[app.client_key] = check_app(app)

    def webhooks(self) -> list[Dispatch]:
        """Return the latest webhooks and what became of each."""
        with self.live:
            return self._router.courier.outbox.rows()

    def disconnect(self, person: str, *, client_key: str = DEFAULT_APP.client_key) -> None:
        """Let a person remove the app in TikTok's settings.

        Raises:
            KeyError: there is no such app.
        """
        with self.live as (world, now):
            world.disconnect(now, client_key, person, Reason.DISCONNECTED)

    def fault(self, name: str, **options: object) -> None:
        """Switch a fault on.

        Args:
            name: one of the faults' names.
            options: ``endpoint``, ``account``, ``count``, ``probability``, ``seed``, ``seconds``,
                ``status``, ``retry_after``, ``field``.

        Raises:
            ValidationError: there is no such fault or option.
        """
        self.add_fault(make_rule({"fault": name, **options}))

    def add_fault(self, rule: Rule) -> None:
        """Switch a fault on, by a rule made beforehand."""
        with self.live:
            self._router.faults.add(rule)

    def clear_faults(self) -> None:
        """Switch every fault off."""
        with self.live:
            self._router.faults.clear()

    def requests(self) -> list[Entry]:
        """Return the latest calls, oldest first, without any secret."""
        with self.live:
            return self._router.ledger.after(0)

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

    def start(self) -> Self:
        """Listen, and return when requests are answered.

        Raises:
            OSError: the port is taken.
        """
        listener = _listen(*self._address)
        self._server = _Server(Wire(self._router), listener)
        self._server.start()
        return self

    def stop(self) -> None:
        """Stop listening and end the threads. Stopping twice is fine."""
        self._router.courier.stop()
        if self._server is not None:
            self._server.stop()
            self._server = None

    def wait(self) -> None:
        """Block until the server ends."""
        if self._server is not None:
            self._server.wait()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def advance(self, seconds: float) -> None:
        """Move the sandbox's clock forward.

        Raises:
            ValidationError: the clock would go back.
        """
        with self.live as (world, _):
            world.advance(seconds)

    def authorize(
        self,
        url: str,
        *,
        person: str = "mina",
        scopes: Iterable[str] | None = None,
        decision: bool = True,
    ) -> str:
        """Decide as a person would in the browser, and return the callback URL.

        Args:
            url: what ``get_authorization_url`` made.
            person: who decides.
            scopes: what to allow, by default everything that was asked for.
            decision: False to decline.

        Raises:
            AuthorizeError: TikTok would show its own error page and never come back.
            KeyError: nobody has this id.
        """
        query = parse_qsl(urlsplit(url).query, keep_blank_values=True, errors="surrogateescape")
        with self.live as (world, now):
            asked = read_request(world, dict(query))
            if not decision:
                return deny(asked)
            decides = world.people[person].person_id
            return allow(world, now, asked, decides, asked.scopes if scopes is None else scopes)

    def _new_world(self) -> World:
        # Reproducible tokens are worth having in a world where nothing is real.
        dice = random.SystemRandom() if self._seed is None else random.Random(self._seed)  # noqa: S311
        return World(dice, knobs=self._knobs)


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
