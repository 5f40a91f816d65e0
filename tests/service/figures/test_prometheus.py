"""What Prometheus reads: right, complete, bounded, and for whom it is meant."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from tests.service.site import ORIGIN
from tiktok_oauth import Progress
from tiktok_oauth.errors import TikTokErrorCode
from tiktok_oauth.events import CallEnded
from tiktok_oauth.observe.metrics import Metrics
from tiktok_oauth.service.app import create_app
from tiktok_oauth.service.figures.prometheus import BOUNDS, as_text
from tiktok_oauth.service.figures.sheets import Counts, Departed, Sheet, Totals, read_together
from tiktok_oauth.service.figures.values import Census
from tiktok_oauth.types import Secret

if TYPE_CHECKING:
    from starlette.testclient import TestClient as Visitor

    from tiktok_oauth.service.office import Office
    from tiktok_oauth.service.settings import ServiceSettings

NOW = 1_800_000_000.0


def full_board() -> Totals:
    """Two processes, and one that is gone, which have counted everything there is."""
    metrics = Metrics()
    for seconds in (0.003, 0.03, 0.3, 3.0, 300.0):
        metrics.count(CallEnded("get_user_info", "id", seconds, 1, None))
    metrics.count(CallEnded("get_user_info", "id", 0.3, 3, TikTokErrorCode.API_ERROR))
    calls = Counts(NOW, metrics.tallies(), {"webhooks_forged": 2, "relays_delivered": 1})
    progress = Progress(NOW, 7, 1, 2, 3, 4, 5, 6, 12.5, "open", alarm=True)
    census = Census(NOW, {"active": 9, "needs_login": 1}, 3, 42.0, (0,) * 96)
    sheets = [
        Sheet("web-1", "web", NOW, calls, None, census),
        Sheet("airlock-2", "airlock", NOW, calls, progress),
    ]
    return read_together(sheets, Departed(("web-0",), calls), NOW)


def samples(totals: Totals) -> dict[str, float]:
    """All samples by name and labels, as the official parser reads them."""
    return {
        sample.name + "".join(f",{k}={v}" for k, v in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(as_text(totals).decode())
        for sample in family.samples
    }


def test_counts_are_those_of_all_processes_that_ever_ran() -> None:
    """Of two that run and of one that is gone."""
    found = samples(full_board())

    assert found["tiktok_oauth_request_duration_seconds_count,method=get_user_info"] == 18
    assert found["tiktok_oauth_request_errors_total,code=API_ERROR,method=get_user_info"] == 3
    assert found["tiktok_oauth_request_retries_total,method=get_user_info"] == 6
    assert found["tiktok_oauth_webhooks_total,outcome=forged"] == 6
    assert found["tiktok_oauth_rotations_total"] == 7
    assert found["tiktok_oauth_losses_total,stage=in_flight"] == 5
    assert found["tiktok_oauth_processes,role=web"] == 1


def test_states_are_those_of_the_refresher_that_runs() -> None:
    """One breaker state is 1, the others 0; the lag is the census'."""
    found = samples(full_board())
    breaker = {name: value for name, value in found.items() if "breaker" in name}

    assert [name[-4:] for name, value in breaker.items() if value] == ["open"]
    assert len(breaker) == 4
    assert found["tiktok_oauth_refresher_up"] == found["tiktok_oauth_refresher_alarm"] == 1
    assert found["tiktok_oauth_refresh_lag_seconds"] == 42


def test_the_buckets_of_the_histogram_only_grow() -> None:
    """Up to the count of all."""
    found = samples(full_board())
    name = "tiktok_oauth_request_duration_seconds_bucket,le={},method=get_user_info"
    steps = [found[name.format(bound)] for bound in (*BOUNDS, "+Inf")]

    assert steps == [3, 3, 3, 6, 6, 6, 12, 12, 12, 15, 15, 15, 18]


def test_an_empty_board_shows_every_metric_that_has_no_label_of_its_own() -> None:
    """Zero is a figure; a query on it finds something."""
    found = samples(read_together([], Departed(), NOW))

    assert found["tiktok_oauth_rotations_total"] == 0
    assert found["tiktok_oauth_refresher_up"] == 0
    assert found["tiktok_oauth_accounts,status=active"] == 0


def test_names_follow_the_conventions_and_labels_are_bounded() -> None:
    """Counters end in _total, durations in _seconds; no label names a person or a request."""
    families = list(text_string_to_metric_families(as_text(full_board()).decode()))
    labels = {label for family in families for s in family.samples for label in s.labels}

    assert all(family.name.startswith("tiktok_oauth_") for family in families)
    assert all(
        sample.name.endswith("_total")
        for family in families
        if family.type == "counter"
        for sample in family.samples
    )
    assert labels == {
        *("code", "le", "method", "outcome", "reason", "role", "stage", "state", "status"),
        "version",
    }


@pytest.fixture
def settings(settings: ServiceSettings) -> ServiceSettings:
    """With a token for Prometheus."""
    return replace(settings, metrics_token=Secret("canary-metrics-token-4711"))


@pytest.fixture
def stranger(unclosed_office: Office) -> TestClient:
    """Somebody who comes from another machine."""
    return TestClient(create_app(unclosed_office), base_url=ORIGIN, client=("203.0.113.9", 4711))


def test_figures_are_for_this_machine_and_for_keys(
    stranger: Visitor, unclosed_office: Office
) -> None:
    """Another machine needs the token, or an API key, of whatever scope."""
    with stranger:
        assert stranger.portal is not None
        key = stranger.portal.call(unclosed_office.registry.create_key, "prometheus", "read")
        sent = ("", "tko_0_0", "canary-metrics-token-471", "canary-metrics-token-4711")
        statuses = {
            word: stranger.get("/metrics", headers={"authorization": f"Bearer {word}"}).status_code
            for word in (*sent, key.secret.reveal())
        }

    assert list(statuses.values()) == [401, 401, 401, 200, 200]


def test_a_proxy_on_this_machine_is_no_reader_of_its_own(unclosed_office: Office) -> None:
    """What it forwards comes from elsewhere, whatever its own address is."""
    app = create_app(unclosed_office)
    with TestClient(app, base_url=ORIGIN, client=("127.0.0.1", 4711)) as near:
        own = near.get("/metrics")
        forwarded = near.get("/metrics", headers={"x-forwarded-for": "203.0.113.9"})

    assert (own.status_code, forwarded.status_code) == (200, 401)
    assert own.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert b"tiktok_oauth_refresher_up" in own.content
