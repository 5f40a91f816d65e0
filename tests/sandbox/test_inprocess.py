"""Both clients against a sandbox of their own process: no socket, no waiting."""

from __future__ import annotations

import pytest

from tiktok_oauth import AsyncTikTokOAuth, RetryPolicy, TikTokOAuth
from tiktok_oauth.engine.ports import ClosedError
from tiktok_oauth.errors import (
    InvalidTokenError,
    NetworkError,
    RequestTimeoutError,
    ServerError,
    TikTokAPIError,
)
from tiktok_oauth.protocol.http import HttpRequest
from tiktok_oauth.sandbox.serve import Sandbox

REDIRECT_URI = "http://127.0.0.1:8000/callback"
ONCE = RetryPolicy(attempts=1)


@pytest.fixture
def silent() -> Sandbox:
    """A sandbox that does not listen."""
    return Sandbox(seed=1)


@pytest.fixture
def client(silent: Sandbox) -> TikTokOAuth:
    """A blocking client of it."""
    return TikTokOAuth(
        silent.client_key,
        silent.client_secret,
        REDIRECT_URI,
        retry=ONCE,
        transport=silent.transport,
    )


def test_the_blocking_client_goes_all_the_way(silent: Sandbox, client: TikTokOAuth) -> None:
    """Code, tokens, refresh, profile, revoke."""
    start = client.get_authorization_url(["video.list"])
    callback = silent.authorize(start.url)
    code = callback.partition("code=")[2].partition("&")[0]

    tokens = client.exchange_code_for_tokens(
        code.replace("%2A", "*").replace("%21", "!"), code_verifier=start.code_verifier
    )
    fresh = client.refresh_access_token(tokens.refresh_token)
    user = client.get_user_info(fresh.access_token)
    client.revoke_access(fresh.access_token)

    assert user.display_name == "Mina Okafor"
    with pytest.raises(InvalidTokenError):
        client.refresh_access_token(fresh.refresh_token)


async def test_the_awaiting_client_does_too(silent: Sandbox) -> None:
    """Over the other transport."""
    async with AsyncTikTokOAuth(
        silent.client_key,
        silent.client_secret,
        REDIRECT_URI,
        transport=silent.async_transport,
    ) as client:
        fresh = await client.refresh_access_token(silent.grant("ha").refresh_token)
        user = await client.get_user_info(fresh.access_token)

    assert user.display_name == "Đặng Thu Hà"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("slow", RequestTimeoutError),
        ("trickle", RequestTimeoutError),
        ("wrong_length", RequestTimeoutError),
        ("drop_before", NetworkError),
        ("drop_after", NetworkError),
        ("half_body", NetworkError),
        ("html", ServerError),
        ("garbage", ServerError),
        ("gzip_bomb", ServerError),
    ],
)
def test_faults_arrive_at_once(
    silent: Sandbox, client: TikTokOAuth, fault: str, error: type[TikTokAPIError]
) -> None:
    """What would take thirty seconds on a wire takes none."""
    tokens = silent.grant()
    silent.fault(fault)

    with pytest.raises(error):
        client.refresh_access_token(tokens.refresh_token)


def test_a_short_wait_is_none(silent: Sandbox, client: TikTokOAuth) -> None:
    """An answer that would come in time is there at once."""
    silent.fault("slow", seconds=9)

    assert client.refresh_access_token(silent.grant().refresh_token).expires_in == 7_200


@pytest.mark.slow
def test_a_lost_answer_is_told_as_one(silent: Sandbox) -> None:
    """TikTok rotated, the client tries again: the grant is gone, and the error says why."""
    client = TikTokOAuth(
        silent.client_key, silent.client_secret, REDIRECT_URI, transport=silent.transport
    )
    tokens = silent.grant()
    silent.fault("drop_after", count=1)

    with pytest.raises(InvalidTokenError) as lost:
        client.refresh_access_token(tokens.refresh_token)

    assert lost.value.lost_in_flight


def test_a_long_body_is_cut_at_the_limit(silent: Sandbox) -> None:
    """As a transport has to."""
    request = HttpRequest("GET", "https://open.tiktokapis.com/_sandbox/openapi.json")

    answer = silent.transport.send(request, timeout=1, limit=10)

    assert (len(answer.body), answer.overflow) == (10, True)


def test_a_closed_transport_refuses(silent: Sandbox) -> None:
    """And the next one is open."""
    transport = silent.transport
    transport.close()
    request = HttpRequest("GET", "https://open.tiktokapis.com/")

    with pytest.raises(ClosedError):
        transport.send(request, timeout=1, limit=10)
    assert silent.transport.send(request, timeout=1, limit=10).status == 200
