"""Calls as spans: what they tell, whose children they are, and what they never hold."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from tests.support.scripted import (
    RESET,
    AsyncScriptedTransport,
    FakeClock,
    Script,
    ScriptedTransport,
    Step,
    answer,
)
from tiktok_oauth import AsyncTikTokOAuth, TikTokAPIError, TikTokOAuth, correlation_id
from tiktok_oauth.observe.opentelemetry import trace_calls

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.sdk.trace import ReadableSpan

KEY, SECRET, TOKEN = "aw1234567890", "CANARY-secret-0000000000", "act.CANARY-token-000000000"
USER = answer({"data": {"user": {"open_id": "o-1"}}, "error": {"code": "ok", "log_id": "2026log"}})


@pytest.fixture
def exporter() -> Iterator[InMemorySpanExporter]:
    """Where spans go while calls are traced."""
    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    stop = trace_calls(provider)
    yield kept
    stop()


def client_of(*steps: Step) -> TikTokOAuth:
    """A client whose TikTok answers from a script."""
    transport = ScriptedTransport(Script(*steps))
    return TikTokOAuth(KEY, SECRET, transport=transport, clock=FakeClock())


def told(span: ReadableSpan) -> dict[str, object]:
    """A span's attributes."""
    return dict(span.attributes or {})


def test_a_call_becomes_a_span(exporter: InMemorySpanExporter) -> None:
    """Named after its method, with its address without a query, status, log ID and attempts."""
    with client_of(USER) as client, correlation_id("order-7"):
        client.get_user_info(TOKEN)
    [span] = exporter.get_finished_spans()

    assert (span.name, span.kind, span.status.status_code) == (
        "tiktok_oauth.get_user_info",
        SpanKind.CLIENT,
        StatusCode.UNSET,
    )
    assert told(span) == {
        "url.full": "https://open.tiktokapis.com/v2/user/info/",
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "tiktok.log_id": "2026log",
        "tiktok.method": "get_user_info",
        "tiktok.correlation_id": "order-7",
        "tiktok.attempts": 1,
    }
    assert [event.name for event in span.events] == ["answered"]


def test_every_attempt_is_an_event(exporter: InMemorySpanExporter) -> None:
    """What failed, how long was waited, what was answered in the end."""
    with client_of(RESET, USER) as client:
        client.get_user_info(TOKEN)
    [span] = exporter.get_finished_spans()

    assert [event.name for event in span.events] == ["failed", "waiting", "answered"]
    assert told(span)["tiktok.attempts"] == 2


def test_a_failed_call_is_an_error_with_our_code(exporter: InMemorySpanExporter) -> None:
    """And TikTok's own string."""
    refusal = answer({"error": {"code": "access_token_invalid", "log_id": "x"}}, status=401)
    with client_of(refusal) as client, pytest.raises(TikTokAPIError):
        client.get_user_info(TOKEN)
    [span] = exporter.get_finished_spans()

    assert span.status.status_code is StatusCode.ERROR
    assert told(span)["error.type"] == "TOKEN_EXPIRED"
    assert told(span)["tiktok.error"] == "access_token_invalid"


def test_a_call_without_network_is_a_span_too(exporter: InMemorySpanExporter) -> None:
    """An internal one."""
    client = TikTokOAuth(KEY, SECRET, "https://example.com/callback")
    client.get_authorization_url()
    [span] = exporter.get_finished_spans()

    assert (span.name, span.kind) == ("tiktok_oauth.get_authorization_url", SpanKind.INTERNAL)


async def test_spans_are_children_of_the_callers(exporter: InMemorySpanExporter) -> None:
    """Also of many calls at once under one correlation ID: each task has a span of its own."""
    provider = TracerProvider()
    tracer = provider.get_tracer("program")
    script = Script(USER)
    transport = AsyncScriptedTransport(script)
    async with AsyncTikTokOAuth(KEY, SECRET, transport=transport, clock=FakeClock()) as client:
        with correlation_id("all"), tracer.start_as_current_span("request") as parent:
            await asyncio.gather(*(client.get_user_info(TOKEN) for _ in range(5)))
    spans = exporter.get_finished_spans()

    assert len({span.context.span_id for span in spans if span.context}) == 5
    assert {span.parent.span_id for span in spans if span.parent} == {
        parent.get_span_context().span_id
    }
    assert {len(span.events) for span in spans} == {1}


def test_nothing_secret_is_in_a_span(exporter: InMemorySpanExporter) -> None:
    """Of a login, a refresh, a revocation and a refusal: no token, code, verifier or secret."""
    tokens = {
        "access_token": TOKEN,
        "refresh_token": "rft.CANARY-0000000000000",
        "expires_in": 7200,
        "refresh_expires_in": 86400,
        "open_id": "o-1",
        "scope": "user.info.basic",
        "token_type": "Bearer",
    }
    with client_of(answer(tokens)) as client:
        client.exchange_code_for_tokens("CANARY-code", redirect_uri="https://example.com/cb")
        client.refresh_access_token("rft.CANARY-0000000000000")
    with client_of(answer({"error": "server_error"}, status=500)) as client:
        for call in (client.refresh_access_token, client.revoke_access, client.get_user_info):
            with pytest.raises(TikTokAPIError):
                call(TOKEN)
    spans = exporter.get_finished_spans()

    assert len(spans) == 5
    assert "CANARY" not in "".join(span.to_json() for span in spans)


def test_nothing_is_told_once_it_was_stopped() -> None:
    """And a second tracing does not double the first one's spans."""
    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    trace_calls(provider)()
    with client_of(USER) as client:
        client.get_user_info(TOKEN)

    assert kept.get_finished_spans() == ()
