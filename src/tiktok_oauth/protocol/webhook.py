"""Webhook signatures: checked over the raw bytes, before anything is parsed.

Source: developers.tiktok.com/doc/webhooks-verification (before November 2026; a delivery of
27 August 2026 agrees): ``TikTok-Signature: t=<unix seconds>,s=<hex>``, where s is the
HMAC-SHA256 of ``<t>.<raw body>`` with the client secret as key.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import TYPE_CHECKING, Any

import msgspec

from tiktok_oauth.errors import invalid_argument
from tiktok_oauth.types import JsonObject, Secret, WebhookEvent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

SIGNATURE_HEADER = "tiktok-signature"
LONGEST_BODY = 1024 * 1024
_SIGNATURE = re.compile(r"t=(?P<t>[0-9]{1,12}),s=(?P<s>[0-9a-fA-F]{64})")
_ALLOWED_SKEW = 300.0
"""Seconds that a machine's clock may be behind TikTok's."""


class _Body(msgspec.Struct):
    client_key: str
    event: str
    create_time: int
    content: str | None = None
    user_openid: str | None = None


_decode_body = msgspec.json.Decoder(_Body).decode
_decode_content = msgspec.json.Decoder(dict[str, Any]).decode


def parse_webhook(
    headers: Mapping[str, str] | Iterable[tuple[str, str]],
    body: bytes,
    *,
    secrets: Sequence[Secret],
    now: float,
    max_age: float | None,
) -> WebhookEvent:
    """A webhook's event, once its signature and age are proven.

    Args:
        headers: the request's headers, in any spelling of upper and lower case.
        body: the request's raw bytes, exactly as they came.
        secrets: client secrets that may have signed it; more than one while rotating.
        now: Unix seconds.
        max_age: seconds since TikTok signed it; None takes any age.

    Raises:
        ValidationError: the signature is missing, malformed, wrong or too old, or the signed
            body is no event.
    """
    raw = check_body(body)
    signed_at, _ = check_signature(headers, raw, secrets)
    check_age(signed_at, now, max_age)
    return read_event(raw, signed_at)


def check_body(body: object) -> bytes:
    """The raw body, as bytes.

    Raises:
        ValidationError: it is none, or longer than a webhook may be.
    """
    if not isinstance(body, bytes | bytearray | memoryview):
        raise invalid_argument("body must be the request's raw bytes, not text or parsed JSON.")
    raw = bytes(body)
    if len(raw) > LONGEST_BODY:
        raise invalid_argument("The webhook's body is longer than 1 MiB.")
    return raw


def check_signature(
    headers: Mapping[str, str] | Iterable[tuple[str, str]], raw: bytes, secrets: Sequence[Secret]
) -> tuple[int, int]:
    """When a body was signed, and with which of the secrets. All of them are tried.

    Raises:
        ValidationError: the signature is missing, malformed or wrong.
    """
    timestamp, signature = _read_signature(headers)
    message = f"{timestamp}.".encode() + raw
    signers = [number for number, key in enumerate(secrets) if _is_signed(message, signature, key)]
    if not signers:
        raise invalid_argument(
            "The webhook's signature is wrong: it was not sent by TikTok for this app.",
            "Check that the raw body is used unchanged and that the client secret is the app's.",
        )
    return int(timestamp), signers[0]


def check_age(signed_at: float, now: float, max_age: float | None) -> None:
    """A signature is of lately, by the clock of this machine.

    Raises:
        ValidationError: it is too old, or of the future.
    """
    if max_age is not None and now - signed_at > max_age:
        raise invalid_argument(f"The webhook was signed more than {max_age:g} seconds ago.")
    if signed_at - now > _ALLOWED_SKEW:
        raise invalid_argument("The webhook was signed in the future: check this machine's clock.")


def _read_signature(
    headers: Mapping[str, str] | Iterable[tuple[str, str]],
) -> tuple[str, str]:
    items = getattr(headers, "items", None)
    try:
        pairs: Any = items() if callable(items) else headers
        found = [value for name, value in pairs if str.lower(name) == SIGNATURE_HEADER]
    except (TypeError, ValueError, AttributeError):
        found = None
    if found is None:
        raise invalid_argument("headers must be a mapping of strings, or pairs of strings.")
    if not found:
        raise invalid_argument("The webhook has no TikTok-Signature header.")
    match = (
        _SIGNATURE.fullmatch(found[0]) if len(found) == 1 and isinstance(found[0], str) else None
    )
    if match is None:
        raise invalid_argument("The webhook's TikTok-Signature header is malformed.")
    return match["t"], match["s"].lower()


def _is_signed(message: bytes, signature: str, secret: Secret) -> bool:
    expected = hmac.new(secret.reveal().encode(), message, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, signature)


def read_event(raw: bytes, signed_at: int) -> WebhookEvent:
    """What a body says whose signature is known to be good.

    Raises:
        ValidationError: it is no event.
    """
    content: JsonObject = {}
    try:
        body = _decode_body(raw)
        # TikTok puts JSON into a string here, with whitespace of its own liking.
        content = _decode_content(body.content or "{}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        body = None
    if body is None:
        raise invalid_argument("The webhook is signed, but its body is no event.")
    return WebhookEvent(
        body.client_key, body.event, body.create_time, body.user_openid, content, signed_at
    )
