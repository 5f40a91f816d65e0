"""How a client is put together: the part its two shells share."""

from __future__ import annotations

import inspect
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from tiktok_oauth.engine.core import Core, Credentials
from tiktok_oauth.errors import invalid_argument
from tiktok_oauth.events import CallEnded
from tiktok_oauth.observe.listeners import tell
from tiktok_oauth.observe.logs import log
from tiktok_oauth.observe.metrics import Metrics
from tiktok_oauth.protocol.token import make_app
from tiktok_oauth.system import SystemDice
from tiktok_oauth.types import Clock, MetricsSnapshot, Secret
from tiktok_oauth.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tiktok_oauth.config import ClientConfig
    from tiktok_oauth.connection import ConnectionSettings
    from tiktok_oauth.engine.core import Sender
    from tiktok_oauth.events import Event


_DICE = SystemDice()


class Observers:
    """Everybody who hears of an event: the log, this client's metrics, and who listens to all."""

    def __init__(self) -> None:
        self._metrics = Metrics()

    def report(self, event: Event) -> None:
        """Tell everybody whom it concerns."""
        if type(event) is CallEnded:
            self._metrics.count(event)
        else:
            log(event)
        tell(event)

    def snapshot(self) -> MetricsSnapshot:
        """The client's figures of this moment."""
        return self._metrics.snapshot()


def wire(config: ClientConfig, sender: Sender, clock: Clock, observers: Observers) -> Core:
    """A client's core."""
    app = make_app(
        config.base_url,
        config.client_key or "",
        config.client_secret or Secret(""),
        f"tiktok-oauth/{VERSION}",
    )
    return Core(
        config=config,
        app=app,
        sender=sender,
        clock=clock,
        dice=_DICE,
        report=observers.report,
        credentials=Credentials(config, clock),
    )


def check_transport(transport: object, *, awaiting: bool, close: str) -> None:
    """An object that can be a client's way out.

    Raises:
        ValidationError: it is none, or one of the other client's.
    """
    send = getattr(transport, "send", None)
    if not callable(send) or not callable(getattr(transport, close, None)):
        raise invalid_argument(f"transport must have the methods send() and {close}().")
    if inspect.iscoroutinefunction(send) is not awaiting:
        kind = "an async def" if awaiting else "a plain def"
        raise invalid_argument(f"transport must have {kind} send() for this client.")


def named_transport(
    name: str, choices: Mapping[str, tuple[str, str]], settings: ConnectionSettings
) -> Callable[[], Any]:
    """A function that makes the transport a name stands for, importing its library only then.

    Args:
        name: what the caller of the constructor said.
        choices: name -> module and class.
        settings: how to reach TikTok.

    Raises:
        ValidationError: no transport has that name.
    """
    if name not in choices:
        raise invalid_argument(
            f"transport must be one of {', '.join(map(repr, choices))}, or an object with a "
            "send() method."
        )
    module, attribute = choices[name]
    return lambda: _load(module, attribute)(settings)


@cache
def _load(module: str, attribute: str) -> Any:  # noqa: ANN401 - a class of either kind of transport
    return getattr(import_module(module), attribute)
