"""Webhooks, from both clients."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import TYPE_CHECKING

import pytest

from tests.client.conftest import KEY, SECRET
from tests.support.scripted import NOW, OPEN_ID
from tiktok_oauth import TikTokAPIError, ValidationError, WebhookEvent

if TYPE_CHECKING:
    from tests.client.conftest import Shell, World

BODY = json.dumps(
    {
        "client_key": KEY,
        "event": "authorization.removed",
        "create_time": int(NOW) - 5,
        "user_openid": OPEN_ID,
        "content": '{"reason":1}',
    }
).encode()


def signed(body: bytes = BODY, secret: str = SECRET, at: float = NOW) -> dict[str, str]:
    """The headers TikTok would send with a body."""
    moment = str(int(at))
    digest = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256)
    return {"TikTok-Signature": f"t={moment},s={digest.hexdigest()}"}


def test_a_signed_webhook_is_an_event(shell: Shell) -> None:
    """Signature and age are checked, then the body is read, without network."""
    event = shell.call("verify_webhook", signed(), BODY)

    assert event == WebhookEvent(
        client_key=KEY,
        event="authorization.removed",
        create_time=int(NOW) - 5,
        user_openid=OPEN_ID,
        content={"reason": 1},
        signed_at=int(NOW),
    )
    assert shell.sent == 0


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, BODY),
        (signed(secret="another"), BODY),
        (signed(), BODY + b" "),
        (signed(at=NOW - 301), BODY),
        (signed(at=NOW + 301), BODY),
        (signed(b"[]"), b"[]"),
        ({"TikTok-Signature": "t=1,s=zz"}, BODY),
        (5, BODY),
        (signed(), BODY.decode()),
    ],
)
def test_anything_else_is_refused(shell: Shell, headers: object, body: object) -> None:
    """Missing, wrong, old, early or unreadable: a validation error."""
    assert isinstance(shell.refused("verify_webhook", headers, body), ValidationError)


def test_the_age_is_the_callers_choice(shell: Shell) -> None:
    """TikTok delivers late at times: a longer age, or any, can be allowed."""
    late = signed(at=NOW - 5000)

    assert shell.call("verify_webhook", late, BODY, max_age=6000).signed_at == int(NOW) - 5000
    assert shell.call("verify_webhook", late, BODY, max_age=None)
    assert shell.refused("verify_webhook", late, BODY, max_age=4000)


def test_two_secrets_hold_while_one_is_rotated(world: World) -> None:
    """``client_secret_previous`` keeps webhooks verifiable."""
    shell = world.client(client_secret_previous="ThePreviousSecret")

    assert shell.call("verify_webhook", signed(), BODY)
    assert shell.call("verify_webhook", signed(secret="ThePreviousSecret"), BODY)
    assert shell.refused("verify_webhook", signed(secret="TheOneBefore"), BODY)


def verify_with_previous(world: World, previous: object) -> None:
    """Present what anybody could sign to a client with a worthless previous secret."""
    shell = world.client(client_secret_previous=previous)
    shell.call("verify_webhook", signed(secret=str(previous)), BODY)


@pytest.mark.parametrize("previous", ["", " ", 5, "with space", "changeme"])
def test_a_previous_secret_anybody_can_guess_is_refused(world: World, previous: object) -> None:
    """An empty key would let everybody sign webhooks."""
    with pytest.raises(TikTokAPIError, match="client_secret_previous"):
        verify_with_previous(world, previous)
