"""The webhooks' address, and the work behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from starlette.routing import Route

from tiktok_oauth.service.webhooks.receiver import Receiver
from tiktok_oauth.service.webhooks.relay import Relayer

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from tiktok_oauth.service.figures.board import Board
    from tiktok_oauth.service.office import Office

PATH = "/webhooks/tiktok"

_relayers: WeakKeyDictionary[Board, Relayer] = WeakKeyDictionary()


def routes(office: Office) -> Sequence[Route]:
    """Where TikTok sends webhooks to."""
    return [Route(PATH, Receiver(office, _relayer(office)).receive, methods=["POST"])]


def background(office: Office) -> Sequence[Coroutine[None, None, None]]:
    """What works beside it: hands on what was received."""
    return [_relayer(office).run()]


def _relayer(office: Office) -> Relayer:
    """The worker's own: its receiver wakes it, its background runs it."""
    found = _relayers.get(office.board)
    if found is None:
        found = Relayer(office.settings, office.registry, office.board)
        _relayers[office.board] = found
    return found
