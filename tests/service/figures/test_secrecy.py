"""What watches over the service shows no secret: board, metrics, probes, traces, logs."""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tests.service.webhooks.signed import OPEN_ID, PATH, connect, event, send
from tiktok_oauth import TikTokAPIError
from tiktok_oauth.observe.opentelemetry import trace_calls
from tiktok_oauth.sandbox.catalog import DEFAULT_APP
from tiktok_oauth.service.figures.prometheus import as_text
from tiktok_oauth.service.figures.shape import as_json
from tiktok_oauth.types import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.testclient import TestClient

    from tiktok_oauth.service.office import Office
    from tiktok_oauth.service.settings import ServiceSettings

MARK = "canary"
"""In every secret below, and in the tokens and the account that ``signed`` connects."""


@pytest.fixture
def settings(settings: ServiceSettings) -> ServiceSettings:
    """With every secret that these rooms are told; the relay's address is nobody's."""
    return replace(
        settings,
        apps=(replace(settings.apps[0], client_secret_previous=Secret(f"{MARK}-secret-0000000")),),
        metrics_token=Secret(f"{MARK}-metrics-token-00000000"),
        webhook_relay_url=f"http://127.0.0.1:9/hook?key={MARK}",
        webhook_relay_secret=Secret(f"{MARK}-relay-secret-000000000"),
    )


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    """Traces of all calls."""
    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    stop = trace_calls(provider)
    yield kept
    stop()


def live(visitor: TestClient, office: Office) -> None:
    """Use tokens that TikTok does not know, receive webhooks good and bad, hand them on."""
    connect(visitor, office)
    assert visitor.portal is not None
    account = visitor.portal.call(office.vault.account, OPEN_ID)
    for call in (account.user_info, account.refresh, account.disconnect):
        with suppress(TikTokAPIError):
            visitor.portal.call(call)
    send(visitor, event())
    send(visitor, event(), f"t=1,s={MARK}")
    visitor.get("/metrics", headers={"authorization": f"Bearer {MARK}", "x-forwarded-for": "::1"})
    visitor.post(PATH, content=MARK.encode(), headers={"authorization": f"Bearer {MARK}"})
    office.board.publish()


@pytest.mark.slow
def test_no_secret_is_in_anything_that_is_watched(
    visitor: TestClient,
    unclosed_office: Office,
    spans: InMemorySpanExporter,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Nor a token, nor the account that they are of: only counts, codes and IDs of calls."""
    with caplog.at_level(logging.DEBUG):
        live(visitor, unclosed_office)
    board = unclosed_office.board
    files = sorted((unclosed_office.settings.runtime_directory / "board").iterdir())
    shown = {
        "board": "".join(path.read_text() for path in files),
        "metrics": as_text(board.totals()).decode(),
        "probe": visitor.get("/readyz").text,
        "json": json.dumps(as_json(board.figures(), board.history())),
        "traces": "".join(span.to_json() for span in spans.get_finished_spans()),
    }
    logged = "".join(f"{record.getMessage()} {vars(record)}" for record in caplog.records)

    assert all(shown.values())
    assert [name for name, text in shown.items() if MARK in text] == []
    assert DEFAULT_APP.client_secret not in "".join((*shown.values(), logged))
    assert MARK not in logged.replace(OPEN_ID, "")
