"""The metrics' reference, the Grafana dashboard and the alert rules name what there is."""

from __future__ import annotations

import json
import re
from itertools import chain
from pathlib import Path
from typing import get_args

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.service.figures.test_prometheus import full_board
from tiktok_oauth.service.figures.prometheus import as_text
from tiktok_oauth.service.webhooks.receiver import Outcome

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/reference/metrics.md").read_text("utf-8")
ROW = re.compile(r"^\| `(tiktok_oauth_\w+)` \| (\w+) \|([^|]*)\|", re.MULTILINE)
NAME = re.compile(r"\btiktok_oauth_\w+")
MATCHER = re.compile(r"(tiktok_oauth_\w+)\{(\w+)!?=\"(\w+)\"\}")

FAMILIES = list(text_string_to_metric_families(as_text(full_board()).decode()))
SAMPLES = {sample.name for family in FAMILIES for sample in family.samples}
RULES = yaml.safe_load((ROOT / "examples/prometheus/alerts.yaml").read_text("utf-8"))
DASHBOARD = json.loads((ROOT / "examples/grafana/dashboard.json").read_text("utf-8"))


def shown_name(family: str, kind: str) -> str:
    """A metric's name as queries have it: the parser takes a counter's ending off."""
    return f"{family}_total" if kind == "counter" and not family.endswith("_total") else family


def queries() -> dict[str, str]:
    """All queries of rules and panels, by where they stand."""
    rules = {
        f"alert {rule['alert']}": rule["expr"]
        for group in RULES["groups"]
        for rule in group["rules"]
    }
    panels = {
        f"panel {panel['title']} {target['refId']}": target["expr"]
        for panel in DASHBOARD["panels"]
        for target in panel["targets"]
    }
    return rules | panels


def test_the_reference_names_every_metric_with_its_type_and_labels() -> None:
    """And none that there is not."""
    told = {
        name: (kind, frozenset(re.findall(r"`(\w+)`", labels)))
        for name, kind, labels in ROW.findall(PAGE)
    }
    found = {
        shown_name(family.name, family.type): (
            family.type,
            frozenset(chain(*(sample.labels for sample in family.samples))) - {"le"},
        )
        for family in FAMILIES
    }

    assert told == found


def test_the_reference_names_every_outcome_of_a_webhook() -> None:
    """With what is answered."""
    told = re.findall(r"^\| `(\w+)` \| \d{3} \|", PAGE, re.MULTILINE)

    assert set(told) == set(get_args(Outcome))


@pytest.mark.parametrize(("place", "query"), queries().items(), ids=queries())
def test_a_query_asks_for_what_there_is(place: str, query: str) -> None:
    """Metrics that are served, labels that they have, brackets that close."""
    asked = set(NAME.findall(query))
    labels = {
        (sample.name, label)
        for family in FAMILIES
        for sample in family.samples
        for label in sample.labels
    }

    assert asked, place
    assert asked <= SAMPLES
    assert {(name, label) for name, label, _ in MATCHER.findall(query)} <= labels
    assert all(query.count(a) == query.count(b) for a, b in ("()", "[]", "{}"))


def test_every_metric_is_on_the_dashboard() -> None:
    """Whatever is counted, somebody sees it."""
    drawn = " ".join(query for place, query in queries().items() if place.startswith("panel"))
    shown = {shown_name(family.name, family.type) for family in FAMILIES}

    assert {name for name in shown if name not in drawn} == set()


def test_every_alert_says_what_to_do() -> None:
    """A summary, a description, a severity; names are used once."""
    rules = [rule for group in RULES["groups"] for rule in group["rules"]]

    assert len({rule["alert"] for rule in rules}) == len(rules)
    assert {rule["labels"]["severity"] for rule in rules} == {"critical", "warning"}
    assert all(rule["annotations"].keys() == {"summary", "description"} for rule in rules)


def test_the_panels_of_the_dashboard_do_not_overlap() -> None:
    """Each has a place of its own on a grid of 24 columns, and a number."""
    places = [panel["gridPos"] for panel in DASHBOARD["panels"]]
    cells = [
        (x, y)
        for place in places
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]

    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) == 23
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(places)
