"""Webhook signatures: proven over the raw bytes before anything is believed."""

from __future__ import annotations

import hashlib
import hmac
import math
from http.client import HTTPMessage
from typing import TYPE_CHECKING

import pytest

from tiktok_oauth import TikTokOAuth
from tiktok_oauth.errors import TikTokAPIError, ValidationError
from tiktok_oauth.protocol.webhook import parse_webhook
from tiktok_oauth.types import Secret, WebhookEvent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SECRET = "client-secret-0123456789"
NOW = 1_790_000_000
BODY = (
    b'{"client_key":"awkey0123","event":"authorization.removed","create_time":1789999999,'
    b'"user_openid":"-000person","content":"{\\"reason\\": 1}"}'
)
EVENT = WebhookEvent(
    "awkey0123", "authorization.removed", 1_789_999_999, "-000person", {"reason": 1}, NOW
)


def sign(body: bytes = BODY, at: int = NOW, secret: str = SECRET) -> str:
    """The header's value as TikTok documents it."""
    message = str(at).encode() + b"." + body
    return f"t={at},s={hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()}"


def read(
    headers: Mapping[str, str] | Iterable[tuple[str, str]],
    body: bytes = BODY,
    *,
    secrets: tuple[str, ...] = (SECRET,),
    now: float = NOW,
    max_age: float | None = 300.0,
) -> WebhookEvent:
    """Parse a delivery."""
    known = [Secret(secret) for secret in secrets]
    return parse_webhook(headers, body, secrets=known, now=now, max_age=max_age)


def refusal(*args: object, **kwargs: object) -> str:
    """The sentence of the ValidationError that a delivery is refused with."""
    with pytest.raises(ValidationError) as caught:
        read(*args, **kwargs)  # type: ignore[arg-type]  # wrong on purpose
    return caught.value.message


def client(previous: object = None) -> TikTokOAuth:
    """A client that knows the secret."""
    return TikTokOAuth("awkey0123", SECRET, client_secret_previous=previous)  # type: ignore[arg-type]  # wrong on purpose


def test_signature_made_by_hand() -> None:
    """The signature is the hex HMAC-SHA256 of timestamp, dot and raw body: openssl agrees."""
    # printf '1633174587.{}' | openssl dgst -sha256 -hmac secret
    signature = "9c3fc788b5259bbb96b9f90559d2ebe2891f210e0e38f0693abc9f5f6cfc8bd0"
    headers = {"TikTok-Signature": f"t=1633174587,s={signature}"}

    assert sign(b"{}", 1633174587, "secret") == headers["TikTok-Signature"]
    assert "no event" in refusal(headers, b"{}", secrets=("secret",), now=1633174587)


@pytest.mark.parametrize(
    "name", ["TikTok-Signature", "Tiktok-Signature", "tiktok-signature", "TIKTOK-SIGNATURE"]
)
def test_header_is_found_in_any_spelling(name: str) -> None:
    """Header names have no case, and come as a mapping or as pairs."""
    other = {"Content-Type": "application/json"}

    assert read({**other, name: sign()}) == EVENT
    assert read([("Host", "x"), (name, sign())]) == EVENT
    assert read(iter([(name, sign())])) == EVENT


def test_headers_of_the_standard_library_are_taken() -> None:
    """``http.server`` and WSGI helpers hand out a message: no mapping, but it has items."""
    message = HTTPMessage()
    message["TikTok-Signature"] = sign()

    assert read(message) == EVENT  # type: ignore[arg-type]  # wrong on purpose


def test_signature_in_capitals_is_the_same() -> None:
    """Hex digits have no case."""
    assert read({"tiktok-signature": sign().upper().replace("T=", "t=").replace("S=", "s=")})


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_body_may_be_any_bytes(kind: type) -> None:
    """Frameworks hand out bytes in several types."""
    assert read({"tiktok-signature": sign()}, kind(BODY)) == EVENT


@pytest.mark.parametrize("body", [None, BODY.decode(), {"event": "x"}, 5, [BODY]])
def test_parsed_or_decoded_body_is_refused(body: object) -> None:
    """A signature can only be proven over the raw bytes."""
    assert "raw bytes" in refusal({"tiktok-signature": sign()}, body)


def test_every_flipped_bit_is_refused() -> None:
    """Not one bit of the body can change."""
    headers = {"tiktok-signature": sign()}
    for place in range(len(BODY)):
        for bit in range(8):
            changed = bytearray(BODY)
            changed[place] ^= 1 << bit
            with pytest.raises(ValidationError):
                read(headers, bytes(changed))


def test_every_changed_digit_of_the_header_is_refused() -> None:
    """Not one digit of timestamp or signature can change."""
    good = sign()
    for place, digit in enumerate(good):
        if digit.isalnum() and place not in {0, good.index("s=")}:
            wrong = good[:place] + ("1" if digit != "1" else "2") + good[place + 1 :]
            assert refusal({"tiktok-signature": wrong}, max_age=None, now=10**12)


@pytest.mark.parametrize("body", [BODY[:-1], BODY + b" ", b"", BODY.replace(b"1}", b"1 }")])
def test_other_bytes_with_the_same_meaning_are_refused(body: bytes) -> None:
    """A body that was cut, padded or written anew is not what TikTok signed."""
    assert "signature is wrong" in refusal({"tiktok-signature": sign()}, body)


@pytest.mark.parametrize(
    "value",
    [
        *("", "t=,s=", f"t={NOW}", f"s={'a' * 64}", f"t={NOW},s={'a' * 63}", "nonsense"),
        *(f"t={NOW},s={'a' * 65}", f"t={NOW},s={'g' * 64}", f"t=-1,s={'a' * 64}"),
        *(f"s={'a' * 64},t={NOW}", f"t={NOW}, s={'a' * 64}", f" t={NOW},s={'a' * 64}"),
        *(f"t={NOW},s={'a' * 64},v=1", f"t={NOW},t={NOW},s={'a' * 64}", f"t=1.5,s={'a' * 64}"),
        *(f"t={NOW},s={'a' * 64}\n", f"t={'9' * 13},s={'a' * 64}", f"t=\u0661,s={'a' * 64}"),
        *(f"{sign()},{sign()}", f"{sign()};{sign()}", sign().encode(), None, 5),
    ],
)
def test_malformed_header_is_refused(value: object) -> None:
    """Missing, repeated, extra or misspelt parts are not guessed at."""
    assert "malformed" in refusal({"tiktok-signature": value})


def test_two_headers_are_refused() -> None:
    """Two signatures, even equal ones, leave open which is meant."""
    assert "malformed" in refusal([("TikTok-Signature", sign()), ("tiktok-signature", sign())])


def test_missing_header_is_refused() -> None:
    """A request without the header was not sent by TikTok."""
    assert "no TikTok-Signature" in refusal({})
    assert "no TikTok-Signature" in refusal([])


@pytest.mark.parametrize("headers", [None, 5, "TikTok-Signature", [("a",)], {1: "x"}, [5], [None]])
def test_headers_of_another_type_are_refused(headers: object) -> None:
    """Headers are a mapping of strings, or pairs of strings."""
    assert "headers must be" in refusal(headers)


@pytest.mark.parametrize("age", [-300, -1, 0, 299.9, 300])
def test_young_enough_is_taken(age: float) -> None:
    """Up to the age asked for, and a clock five minutes off, a delivery is taken."""
    assert read({"tiktok-signature": sign()}, now=NOW + age) == EVENT


@pytest.mark.parametrize(("age", "word"), [(300.5, "300 seconds ago"), (-300.5, "in the future")])
def test_too_old_or_too_early_is_refused(age: float, word: str) -> None:
    """A replayed delivery, and one from the future, are refused."""
    assert word in refusal({"tiktok-signature": sign()}, now=NOW + age)


def test_age_may_be_anything_when_asked_for() -> None:
    """Without a bound any age is taken, but still none from the future."""
    assert read({"tiktok-signature": sign()}, now=NOW + 10**9, max_age=None)
    assert "future" in refusal({"tiktok-signature": sign()}, now=NOW - 301, max_age=None)


def test_previous_secret_still_verifies() -> None:
    """While the secret is rotated, deliveries signed with either are taken."""
    old = {"tiktok-signature": sign(secret="old-secret")}

    assert read(old, secrets=(SECRET, "old-secret")) == EVENT
    assert "signature is wrong" in refusal(old)
    assert "signature is wrong" in refusal(old, secrets=())


def test_wrong_signature_is_told_before_wrong_age() -> None:
    """A stranger learns nothing about our clock."""
    forged = {"tiktok-signature": sign(secret="guess")}

    assert "signature is wrong" in refusal(forged, now=NOW + 10**6)


@pytest.mark.parametrize(
    "content",
    [rb"{\"reason\": 1}", rb"{\"reason\": 1 }", rb"{\"reason\":1}", rb" {\n\"reason\":1}"],
)
def test_space_inside_the_content_does_not_matter(content: bytes) -> None:
    """The content is JSON in a string, with whitespace that differs from page to page."""
    body = BODY.replace(rb"{\"reason\": 1}", content)

    assert read({"tiktok-signature": sign(body)}, body).content == {"reason": 1}


@pytest.mark.parametrize("content", [b'""', b"null", b'"{}"'])
def test_content_may_be_empty(content: bytes) -> None:
    """Empty, null and absent content are all an empty object; so is an absent person None."""
    body = b'{"client_key":"k","event":"e","create_time":1,"content":%b}' % content

    assert read({"tiktok-signature": sign(body)}, body) == WebhookEvent("k", "e", 1, None, {}, NOW)


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{}", b"null", b"[]", b"\xff", b"{", b"[" * 10_000, BODY[:-1]),
        *(BODY.replace(b'"event":', b'"happening":'), BODY.replace(b"1789999999", b'"soon"')),
        *(BODY.replace(rb'"{\"reason\": 1}"', c) for c in (b'"["', b'"5"', b"{}", b'"text"')),
        BODY.replace(rb"{\"reason\": 1}", b"[" * 10_000),
    ],
)
def test_signed_body_that_is_no_event_is_refused(body: bytes) -> None:
    """A true signature over something that is no event still gives a typed error."""
    assert "no event" in refusal({"tiktok-signature": sign(body)}, body)


def test_endless_body_is_refused() -> None:
    """A body of more than 1 MiB is not even signed over."""
    body = b" " * (1024 * 1024 + 1)

    assert "1 MiB" in refusal({"tiktok-signature": sign(body)}, body)
    assert "no event" in refusal({"tiktok-signature": sign(body[1:])}, body[1:])


def test_blank_previous_secret_signs_nothing() -> None:
    """A previous secret left blank must not let anybody sign with an empty key."""
    forged = {"tiktok-signature": sign(secret="")}

    with pytest.raises(TikTokAPIError):
        client(previous="").verify_webhook(forged, BODY, max_age=None)


@pytest.mark.parametrize("previous", [5, "old\ud800", ["old"]])
def test_senseless_previous_secret_is_a_typed_error(previous: object) -> None:
    """A previous secret that is no secret is refused in a sentence."""
    with pytest.raises(TikTokAPIError):
        client(previous=previous).verify_webhook({"tiktok-signature": sign()}, BODY, max_age=None)


@pytest.mark.parametrize("max_age", [math.nan, "300", []])
def test_senseless_age_is_refused(max_age: object) -> None:
    """A bound that is no number does not switch the age check off."""
    old = {"tiktok-signature": sign(at=1_000_000_000)}

    with pytest.raises(ValidationError, match="max_age"):
        client().verify_webhook(old, BODY, max_age=max_age)  # type: ignore[arg-type]  # wrong on purpose
