"""Every recorded answer of TikTok's is one that the sandbox gives."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.stage import Stage
from tests.sandbox.visitor import Visitor
from tiktok_oauth.sandbox.serve import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

WIRE = Path(__file__).parents[1] / "wire"

EXCLUDED = {
    "revoke_v1_ok": "OAuth v1 ended in February 2024",
    "v1_token_ok": "OAuth v1 ended in February 2024",
    "qr_v0_get_2022": "the QR endpoints of v0 ended in February 2024",
    "qr_v0_check_expired_2022": "the QR endpoints of v0 ended in February 2024",
    "webhook_portal_test_event_403": "the developer portal is not played",
    "api_error_docs_example": "the page prints the inner object only; live answers have it whole",
    "minis_trade_order_2024-11-25": "Minis are not played",
}
"""Name of a sample -> why the sandbox does not give its answer."""

# Tokens, ids, times and addresses differ from run to run; their types do not.
UNIQUE = frozenset(
    [
        "access_token",
        "refresh_token",
        "open_id",
        "union_id",
        "log_id",
        "token",
        "publish_id",
        "client_key",
        "user_openid",
        "create_time",
        "avatar_url",
        "avatar_url_100",
        "avatar_large_url",
        "profile_deep_link",
        "creator_avatar_url",
        "scan_qrcode_url",
        "redirect_uri",
        "code",
    ]
)
SAMPLES = [json.loads(path.read_text("utf-8")) for path in sorted(WIRE.glob("*.json"))]
PLAYED = [sample for sample in SAMPLES if sample["name"] not in EXCLUDED]


def comparable(value: Any, name: str = "", *, within: str = "") -> Any:  # noqa: ANN401 - JSON
    """Return a value with what is unique to each run taken out."""
    if isinstance(value, dict):
        return {key: comparable(inner, key, within=name) for key, inner in value.items()}
    if name == "content":
        return json.loads(value)
    unique = name in UNIQUE and (name, within) != ("code", "error")
    return type(value) if unique or (isinstance(value, str) and "<" in value) else value


def without_redacted(ours: Any, recorded: Any) -> Any:  # noqa: ANN401 - JSON
    """Return our value, or its type only where the recording was redacted."""
    if isinstance(recorded, dict) and isinstance(ours, dict):
        return {key: without_redacted(value, recorded.get(key)) for key, value in ours.items()}
    return type(ours) if recorded is str and not isinstance(ours, type) else ours


def orders(value: Any) -> list[list[str]]:  # noqa: ANN401 - JSON
    """Return the keys of every object, in their order."""
    if not isinstance(value, dict):
        return []
    return [list(value), *(keys for inner in value.values() for keys in orders(inner))]


def rotated(keys: list[str]) -> list[str]:
    """Return keys from the alphabet's first on, going round."""
    first = keys.index(min(keys)) if keys else 0
    return keys[first:] + keys[:first]


def is_status_known(sample: dict[str, Any]) -> bool:
    """Whether the sample's status is TikTok's, and not that of somebody's test."""
    basis = sample["http_status_basis"]
    return sample["http_status"] is not None and (
        not basis.startswith("stub") or "docs table" in basis
    )


@pytest.fixture(scope="module")
def still_sandbox() -> Iterator[Sandbox]:
    """A running sandbox whose clock stands still unless it is moved."""
    with Sandbox(seed=1, clock=lambda: 1_795_000_000.0) as running:
        yield running


@pytest.fixture
def guest(still_sandbox: Sandbox) -> Visitor:
    """An HTTP client for it; its world begins again for each sample."""
    still_sandbox.reset()
    return Visitor(still_sandbox)


@pytest.mark.parametrize("sample", PLAYED, ids=lambda sample: str(sample["name"]))
def test_the_sandbox_answers_as_tiktok_did(guest: Visitor, sample: dict[str, Any]) -> None:
    """The same values; the same status, and order of keys, where they were observed."""
    reply = Stage(guest, sample).play()

    recorded = comparable(sample.get("body"))
    ours = without_redacted(comparable(reply.body), recorded)
    if recorded is not None:
        assert ours == recorded
    if is_status_known(sample):
        assert reply.status == sample["http_status"]
    if sample["kind"] == "observed" and "creator_info" not in sample["name"]:
        assert orders(reply.body) == orders(sample.get("body"))
    if "raw" in sample:
        assert reply.query is not None
        expected = sample["raw"]["query"]
        assert reply.query.keys() - {"logid"} == expected.keys()
        fixed = {name: value for name, value in expected.items() if "<" not in value}
        assert fixed.items() <= reply.query.items()
    for name, value in sample.get("headers", {}).items():
        assert name.lower() == "tiktok-signature"
        assert re.sub("[0-9a-f]+", "0", reply.signature) == re.sub("[0-9a-f]+", "0", value)


@pytest.mark.parametrize(
    "sample",
    [s for s in PLAYED if "creator_info" in s["name"] and s["kind"] == "observed"],
    ids=lambda sample: str(sample["name"]),
)
def test_creator_info_goes_round_the_alphabet(guest: Visitor, sample: dict[str, Any]) -> None:
    """Its keys began elsewhere in each recording, and then went round in this one order."""
    reply = Stage(guest, sample).play()

    assert list(reply.body) == list(sample["body"])
    assert list(reply.body["data"]) == rotated(list(sample["body"]["data"]))
    assert list(reply.body["error"]) == list(sample["body"]["error"])


def test_every_exclusion_is_still_there_and_has_a_reason() -> None:
    """No sample is left out by accident, or after it has gone."""
    assert EXCLUDED.keys() <= {sample["name"] for sample in SAMPLES}
    assert all(EXCLUDED.values())
