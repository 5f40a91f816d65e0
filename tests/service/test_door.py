"""What holds for every request, whatever is behind the door."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.testclient import TestClient

from tests.service.api.conftest import problem_of
from tests.service.site import settings_for
from tiktok_oauth.correlation import current_correlation_id
from tiktok_oauth.service.door import Door

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.types import Receive, Scope, Send

    from tiktok_oauth.service.settings import ServiceSettings


@pytest.fixture
def settings(tmp_path: Path) -> ServiceSettings:
    """A service on this machine."""
    return settings_for(tmp_path, "memory:", origin="http://localhost:8000")


async def mirror(scope: Scope, receive: Receive, send: Send) -> None:
    """Tell what came through the door."""
    request = Request(scope, receive)
    seen = {
        "client": None if request.client is None else request.client.host,
        "scheme": request.url.scheme,
        "path": request.url.path,
        "body": len(await request.body()),
        "correlation_id": current_correlation_id(),
    }
    await JSONResponse(seen)(scope, receive, send)


def visitor(settings: ServiceSettings, *, client: str = "127.0.0.1", **options: Any) -> TestClient:  # noqa: ANN401 - the client's own
    """Somebody who comes by the service's own name."""
    return TestClient(
        Door(mirror, settings),
        base_url=settings.public_url,
        client=(client, 50_000),
        follow_redirects=False,
        **options,
    )


def test_every_answer_is_guarded(settings: ServiceSettings) -> None:
    """No script of others, no frame, no referrer, no cache; forms lead to consent only."""
    headers = visitor(settings).get("/").headers

    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    policy = headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
    assert "form-action 'self' http://127.0.0.1:4010;" in policy
    assert "frame-ancestors 'none'" in policy
    assert "strict-transport-security" not in headers


def test_https_is_remembered_by_browsers(settings: ServiceSettings) -> None:
    """Behind TLS they are told to come by nothing else."""
    secure = replace(settings, public_url="https://login.example.com")

    answer = visitor(secure).get("/")

    assert answer.headers["strict-transport-security"] == "max-age=31536000"


def test_an_answers_own_headers_stay(settings: ServiceSettings) -> None:
    """What may be cached says so itself."""
    static = PlainTextResponse("body {}", headers={"cache-control": "public, max-age=3600"})

    headers = TestClient(Door(static, settings), base_url=settings.public_url).get("/").headers

    assert headers.get_list("cache-control") == ["public, max-age=3600"]


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "", "[", "10.0.0.1"])
def test_other_host_names_are_not_served(settings: ServiceSettings, host: str) -> None:
    """A name that somebody else points at this machine reads nothing."""
    assert visitor(settings).get("/", headers={"host": host}).status_code == 421


def test_the_other_loopback_name_leads_to_the_right_one(settings: ServiceSettings) -> None:
    """The cookies of a login have to be on one host; path and query stay."""
    answer = visitor(settings).get("/connect?a=%20b", headers={"host": "127.0.0.1:8000"})

    assert answer.status_code == 307
    assert answer.headers["location"] == "http://localhost:8000/connect?a=%20b"


@pytest.mark.parametrize("path", ["/api/v1/accounts", "/webhooks/tiktok"])
def test_programs_are_not_led_away(settings: ServiceSettings, path: str) -> None:
    """They would lose their key on the way."""
    answer = visitor(settings).get(path, headers={"host": "127.0.0.1:8000"})

    assert answer.status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_probes_ask_by_whatever_address_they_know(settings: ServiceSettings, path: str) -> None:
    """They learn nothing that a name protects."""
    assert visitor(settings).get(path, headers={"host": "10.0.0.1:8000"}).status_code == 200


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (b"checkout-42.a_B", True),
        (b"", False),
        (b"x" * 65, False),
        (b"a b", False),
        (b"a%0d%0ax: y", False),
        ("a\u2028b".encode(), False),
        (b"a\x1b[31m", False),
    ],
)
def test_a_bad_correlation_id_is_replaced(
    settings: ServiceSettings, given: bytes, *, kept: bool
) -> None:
    """Nothing from outside reaches a header or a log but the allowed characters (T-40)."""
    answer = visitor(settings).get("/", headers={b"x-correlation-id": given})

    used = answer.headers["x-correlation-id"]
    assert (used.encode() == given) is kept
    assert kept or used.startswith("tiktok-")
    assert answer.json()["correlation_id"] == used


def test_a_body_is_not_read_beyond_its_limit(settings: ServiceSettings) -> None:
    """Whether its length is told or not (T-34)."""
    small = replace(settings, body_limit=1_000)

    def chunks() -> Any:  # noqa: ANN401 - pieces of a body
        for _ in range(20):
            yield b"x" * 100

    assert visitor(small).post("/", content=b"x" * 1_000).json()["body"] == 1_000
    assert visitor(small).post("/", content=b"x" * 1_001).status_code == 413
    assert visitor(small).get("/", headers={"content-length": "9" * 5_000}).status_code == 413
    with pytest.raises(Exception, match="too large"):
        visitor(small).post("/", content=chunks())


@pytest.mark.parametrize(
    ("sent", "status", "kind"),
    [
        ({"host": "evil.example"}, 421, "wrong-host"),
        ({"content-length": "9" * 5_000}, 413, "body-too-large"),
    ],
)
def test_programs_are_refused_in_their_own_form(
    settings: ServiceSettings, sent: dict[str, str], status: int, kind: str
) -> None:
    """Below the API's path a refusal of the door is a problem document, elsewhere a sentence."""
    program = visitor(settings).get("/api/v1/accounts", headers=sent)
    person = visitor(settings).get("/accounts", headers=sent)
    problem = problem_of(program, status)

    assert problem["type"] == f"urn:tiktok-oauth:problem:{kind}"
    assert (problem["code"], problem["action"]) == ("VALIDATION_ERROR", "fail")
    assert (person.status_code, person.headers["content-type"][:10]) == (status, "text/plain")


@pytest.mark.parametrize(
    ("peer", "forwarded", "seen"),
    [
        ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "203.0.113.9, 198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "198.51.100.7, 10.0.0.2", "198.51.100.7"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("192.0.2.1", "198.51.100.7", "192.0.2.1"),
    ],
)
def test_only_proxies_that_are_trusted_are_believed(
    settings: ServiceSettings, peer: str, forwarded: str, seen: str
) -> None:
    """The last address that is none of theirs is the visitor's; everybody else is themselves."""
    proxied = replace(settings, trusted_proxies=("10.0.0.0/30",))
    headers = {"x-forwarded-for": forwarded, "x-forwarded-proto": "https"}

    told = visitor(proxied, client=peer).get("/", headers=headers).json()

    assert told["client"] == seen
    assert told["scheme"] == ("https" if peer == "10.0.0.1" else "http")


def test_requests_are_logged_without_secrets(
    settings: ServiceSettings, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither codes of callbacks nor one-time links are in the log, and no line can be forged."""
    talkative = visitor(replace(settings, log_requests=True))

    talkative.get("/callback?code=the-code&state=1")
    talkative.get("/signin/the-token")
    talkative.get("/connect/the-invitation")
    talkative.get("/a%0aforged")

    with caplog.at_level(logging.INFO, "tiktok_oauth.requests"):
        paths = [record.data["path"] for record in caplog.records]  # type: ignore[attr-defined]  # ours
    assert paths == ["/callback", "/signin/...", "/connect/...", "/a%0aforged"]
    assert "the-" not in caplog.text
