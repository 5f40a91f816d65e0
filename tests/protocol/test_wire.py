"""Every recorded sample goes through our parsers, at the recorded status and at others."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tests.protocol.answers import STATE, answer, facts, refused
from tests.protocol.contract import SERVER, UNKNOWN_SUCCESS, expected
from tests.protocol.samples import SAMPLES, Sample
from tiktok_oauth.protocol import authorize, data, qr, token, webhook
from tiktok_oauth.types import (
    QrAuthorization,
    QrStatus,
    Secret,
    TikTokClientToken,
    TikTokRefreshResponse,
    TikTokTokens,
    TikTokUserInfo,
    WebhookEvent,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tiktok_oauth.protocol.http import HttpResponse

SENT = Secret("rft.sent")
TICKET = Secret("your_ticket_string")
STATUSES = (200, 400, 401, 500)
REVOKE = "POST /v2/oauth/revoke/"
PARSERS: dict[str, Callable[[HttpResponse], object]] = {
    REVOKE: token.parse_revoke,
    "GET /v2/user/info/": data.parse_user_info,
    "POST /v2/user/info/": data.parse_user_info,
    "POST /v2/oauth/get_qrcode/": partial(qr.parse_qr_get, ticket=TICKET, state=STATE),
    "POST /v2/oauth/check_qrcode/": partial(qr.parse_qr_check, ticket=TICKET, state=STATE),
}
NOT_OURS: dict[str, tuple[str, Callable[[HttpResponse], object] | None]] = {
    "04_token_shape_real_lengths": ("a pattern of tokens, filled in by a test below", None),
    "23_revoke_v1_ok": ("v1, dead since February 2024", token.parse_revoke),
    "24_v1_token_ok": ("v1, dead since February 2024", token.parse_tokens),
    "49_webhook_portal_test_event_403": ("the portal's own answer to its user", data.parse_data),
    "51_webhook_signature_header_docs_example": ("a header whose secret is not known", None),
    "59_qr_v0_get_2022": ("v0, dead since February 2024", PARSERS["POST /v2/oauth/get_qrcode/"]),
    "60_qr_v0_check_expired_2022": (
        "v0, dead since February 2024",
        PARSERS["POST /v2/oauth/check_qrcode/"],
    ),
}
OURS = [sample for sample in SAMPLES if sample.name not in NOT_OURS]
ANSWERS = [s for s in OURS if "/v2/" in s.endpoint and s.query is None]
SUCCESSES = [s for s in ANSWERS if s.body is not None and not s.said and s.route != REVOKE]
BROWSED = [s for s in OURS if s.query is not None]
WEBHOOKS = [s for s in OURS if s.endpoint == "POST <your callback URL>"]


def parser_of(sample: Sample) -> Callable[[HttpResponse], object]:
    """The parser for the endpoint that a sample belongs to."""
    if sample.route != "POST /v2/oauth/token/":
        return PARSERS.get(sample.route, data.parse_data)
    is_client_token = "access_token" in sample.body and "refresh_token" not in sample.body
    if sample.grant_type == "client_credentials" or is_client_token:
        return token.parse_client_token
    if sample.grant_type == "refresh_token":
        return partial(token.parse_refresh, sent=SENT)
    return token.parse_tokens


def value_of(sample: Sample) -> object:
    """What a successful sample must be read as."""
    body: dict[str, Any] = sample.body
    match sample.route:
        case "POST /v2/oauth/token/" if "refresh_token" not in body:
            return TikTokClientToken(**body)
        case "POST /v2/oauth/token/" if sample.grant_type == "refresh_token":
            return TikTokRefreshResponse(**body)
        case "POST /v2/oauth/token/":
            return TikTokTokens(**body)
        case "GET /v2/user/info/":
            return TikTokUserInfo(**body["data"]["user"])
        case _ if sample.route == REVOKE:
            return True
        case "POST /v2/oauth/get_qrcode/":
            url = body["scan_qrcode_url"].replace("tobefilled", TICKET.reveal())
            return QrAuthorization(url, body["token"], TICKET.reveal(), STATE)
        case "POST /v2/oauth/check_qrcode/":
            found = re.search(r"[?&]code=([^&]*)", body.get("redirect_uri", ""))
            return QrStatus(body["status"], found[1] if found else None)
        case _:
            return body["data"]


def by_name(samples: list[Sample]) -> pytest.MarkDecorator:
    """One test per sample."""
    return pytest.mark.parametrize("sample", samples, ids=lambda sample: sample.name)


@by_name(SUCCESSES)
@pytest.mark.parametrize("status", STATUSES)
def test_recorded_success_is_read_whole(sample: Sample, status: int) -> None:
    """A recorded success gives its value, whatever the HTTP status."""
    assert parser_of(sample)(answer(sample.raw, status)) == value_of(sample)


@by_name([s for s in ANSWERS if s.said is None and s.route == REVOKE])
def test_recorded_revoke_is_believed_with_success_status_only(sample: Sample) -> None:
    """A revoke is done when 2xx says so: its body is empty and proves nothing by itself."""
    assert parser_of(sample)(answer(sample.raw, 200)) == value_of(sample)
    for status in (400, 401, 500):
        error = refused(parser_of(sample), answer(sample.raw, status))
        assert facts(error) == SERVER._replace(status_code=500 if status == 500 else 502)


@by_name([s for s in ANSWERS if s.said is not None])
@pytest.mark.parametrize("status", [*STATUSES, None])
def test_recorded_refusal_is_typed(sample: Sample, status: int | None) -> None:
    """A recorded refusal becomes the contract's error by TikTok's string at every status."""
    assert sample.said
    code, message, log_id = sample.said
    http_status = status or sample.status or 200

    error = refused(parser_of(sample), answer(sample.raw, http_status))

    assert facts(error) == expected(code, http_status)
    assert (error.tiktok_code, error.message, error.log_id) == (code, message, log_id)
    assert error.http_status == http_status


@by_name([s for s in ANSWERS if s.body is None])
def test_answer_without_recorded_body_is_typed(sample: Sample) -> None:
    """An answer of which only a failing status is known is an error that may be tried again."""
    assert sample.status

    error = refused(parser_of(sample), answer(b"", sample.status or 0))

    assert (error.retryable, error.http_status) == (True, sample.status)


@by_name([s for s in BROWSED if s.query and "code" in s.query])
def test_recorded_callback_is_read(sample: Sample) -> None:
    """A recorded callback gives state, code and scopes."""
    query = sample.query or {}

    callback = authorize.parse_callback(query)

    assert callback.code == Secret(query["code"])
    assert (callback.state, ",".join(callback.scopes)) == (query["state"], query["scopes"])
    assert callback.error is None


@by_name([s for s in BROWSED if s.query and "error" in s.query])
def test_recorded_authorization_error_is_typed(sample: Sample) -> None:
    """An error of the authorization page, also one TikTok keeps to itself, has a type."""
    query = sample.query or {}

    error = authorize.callback_error(authorize.parse_callback(query))

    assert error.hint
    assert facts(error) == expected(query["error"], 0)
    assert error.tiktok_code == query["error"]


@by_name(WEBHOOKS)
def test_recorded_webhook_is_read_once_signed(sample: Sample) -> None:
    """A recorded webhook, signed by us, is read with its content decoded."""
    raw = json.dumps(sample.body).encode()
    signature = hmac.new(b"secret", b"1000." + raw, hashlib.sha256).hexdigest()

    event = webhook.parse_webhook(
        {"Tiktok-Signature": f"t=1000,s={signature}"},
        raw,
        secrets=[Secret("secret")],
        now=1000.0,
        max_age=300.0,
    )

    assert event == WebhookEvent(
        client_key=sample.body["client_key"],
        event=sample.body["event"],
        create_time=sample.body["create_time"],
        user_openid=sample.body.get("user_openid"),
        content=json.loads(sample.body["content"]),
        signed_at=1000,
    )


@pytest.mark.parametrize("name", [name for name, (_, parse) in NOT_OURS.items() if parse])
def test_foreign_shape_is_a_typed_error(name: str) -> None:
    """An answer in the shape of a dead or foreign API is an unknown one: nothing was done."""
    (sample,) = [s for s in SAMPLES if s.name == name]
    parse = NOT_OURS[name][1]
    assert parse

    error = refused(parse, answer(sample.raw, 200))

    assert facts(error) == UNKNOWN_SUCCESS


def test_real_token_lengths_are_taken() -> None:
    """Tokens as long and as odd as live ones pass unchanged, in each data centre's spelling."""
    for centre in ("va", "u1", "e1"):
        tokens = {
            "access_token": f"act.{'aZ0-_' * 14}*!6431.{centre}",
            "refresh_token": f"rft.{'aZ0-_' * 100}!5413.{centre}",
        }
        body = {"expires_in": 1, "refresh_expires_in": 1, "open_id": "_000" + "x" * 32} | tokens

        read = token.parse_tokens(answer(body))

        assert (read.access_token, read.refresh_token) == tuple(tokens.values())


def test_every_sample_has_its_test() -> None:
    """No sample is left over: each is parsed here, or stands in ``NOT_OURS`` with a reason."""
    tested = {sample.name for sample in (*ANSWERS, *BROWSED, *WEBHOOKS)}

    homeless = {sample.name for sample in SAMPLES} - tested - set(NOT_OURS)

    assert homeless == set(), "name the endpoint's parser, or the sample in NOT_OURS"
    assert set(NOT_OURS) < {sample.name for sample in SAMPLES}
