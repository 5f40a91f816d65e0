"""Webhooks as TikTok would send them."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from typing import TYPE_CHECKING, Any, TypeVar

from tiktok_oauth import TikTokTokens
from tiktok_oauth.sandbox.catalog import DEFAULT_APP

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from httpx2 import Response
    from starlette.testclient import TestClient

    from tiktok_oauth.service.office import Office
    from tiktok_oauth.service.registry.rows import LedgerLine

T = TypeVar("T")

PATH = "/webhooks/tiktok"
OPEN_ID = "-000canary-person"
CANARY = "canary-token-4711"


def event(open_id: str = OPEN_ID, **changes: object) -> bytes:
    """The body of an ``authorization.removed``, or of something else."""
    fields: dict[str, object] = {
        "client_key": DEFAULT_APP.client_key,
        "event": "authorization.removed",
        "create_time": int(time.time()) + 1,
        "user_openid": open_id,
        "content": '{"reason": 1}',
    }
    return json.dumps({**fields, **changes}).encode()


def signature(body: bytes, *, secret: str = DEFAULT_APP.client_secret, age: float = 0) -> str:
    """The TikTok-Signature header of a body that was signed some seconds ago."""
    at = int(time.time() - age)
    digest = hmac.new(secret.encode(), b"%d." % at + body, hashlib.sha256).hexdigest()
    return f"t={at},s={digest}"


def send(visitor: TestClient, body: bytes, header: str | None = None) -> Response:
    """Send a webhook, well signed if nothing else is said."""
    headers = {"TikTok-Signature": signature(body) if header is None else header}
    return visitor.post(PATH, content=body, headers=headers)


def connect(visitor: TestClient, office: Office, open_id: str = OPEN_ID) -> None:
    """Connect an account, whose consent is of now."""
    tokens = TikTokTokens(f"act.{CANARY}", f"rft.{CANARY}", 7200, 15_552_000, open_id, "a")
    _run(visitor, office.vault.adopt, tokens)


def status(visitor: TestClient, office: Office, open_id: str = OPEN_ID) -> str:
    """What an account has come to."""
    account = _run(visitor, office.vault.account, open_id)
    return str(account.status)


def effects(visitor: TestClient, office: Office, open_id: str = OPEN_ID) -> int:
    """How often its timeline says that the authorization was removed."""
    account = _run(visitor, office.vault.account, open_id)
    lines = _run(visitor, office.vault.timeline, account)
    return sum(line.kind == "authorization_removed" for line in lines)


def ledger(visitor: TestClient, office: Office) -> list[LedgerLine]:
    """The ledger, newest first."""
    return _run(visitor, office.registry.ledger)


def counted(office: Office) -> dict[str, int]:
    """What this process has counted of webhooks."""
    office.board.publish()
    return {
        name.removeprefix("webhooks_"): count
        for name, count in office.board.figures().counters.items()
        if name.startswith("webhooks_")
    }


def _run(visitor: TestClient, call: Callable[..., Awaitable[T]], *arguments: Any) -> T:  # noqa: ANN401 - any call's
    """Call something that awaits, in the service's event loop."""
    assert visitor.portal is not None
    return visitor.portal.call(call, *arguments)
