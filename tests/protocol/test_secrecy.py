"""No parser's failure shows a secret: not in its text, its pickle, nor its frames' locals."""

from __future__ import annotations

import pickle
import traceback
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.protocol.answers import (
    ACCESS,
    APP,
    CLIENT_SECRET,
    CODE,
    REFRESH,
    STATE,
    TICKET,
    TOKENS,
    answer,
    data_error,
    oauth_error,
)
from tiktok_oauth.errors import TikTokAPIError
from tiktok_oauth.protocol import authorize, data, qr, token, webhook
from tiktok_oauth.types import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

SECRETS = (ACCESS, REFRESH, CODE, CLIENT_SECRET, TICKET, "f00dCafe", "beefBabe", "qr-token")
check = partial(qr.parse_qr_check, ticket=Secret(TICKET), state=STATE)
CONFIRMED = {"status": "confirmed", "client_ticket": TICKET}
FAILURES: dict[str, Callable[[], object]] = {
    "no open_id": lambda: token.parse_tokens(answer(TOKENS | {"open_id": ""})),
    "string lifetime": lambda: token.parse_tokens(answer(TOKENS | {"expires_in": "x"})),
    "half": lambda: token.parse_tokens(answer(answer(TOKENS).body[:-9])),
    "wrong type": lambda: token.parse_tokens(answer(TOKENS | {"token_type": "mac"})),
    "error beside tokens": lambda: token.parse_tokens(
        answer(TOKENS | oauth_error("invalid_grant", f"Unknown {ACCESS}"))
    ),
    "bad refresh": lambda: token.parse_refresh(
        answer(TOKENS | {"refresh_token": f"{REFRESH}\n{REFRESH}"}), Secret(REFRESH)
    ),
    "client token": lambda: token.parse_client_token(answer({"access_token": ACCESS})),
    "revoke": lambda: token.parse_revoke(answer(oauth_error("odd", f"'{ACCESS}'"))),
    "token as error string": lambda: token.parse_tokens(answer(oauth_error(ACCESS, REFRESH), 400)),
    "data": lambda: data.parse_data(answer(data_error("odd", f"token={ACCESS}"), 400)),
    "QR get": lambda: qr.parse_qr_get(
        answer({"token": "qr-token", "scan_qrcode_url": "x"}), ticket=Secret(TICKET), state=STATE
    ),
    "QR ticket": lambda: check(answer(CONFIRMED | {"client_ticket": "other", "code": CODE})),
    "QR state": lambda: check(
        answer(CONFIRMED | {"redirect_uri": f"https://a.example?code={CODE}&state=other"})
    ),
    "callback twice": lambda: authorize.parse_callback(f"code={CODE}&code={CODE}"),
    "callback long": lambda: authorize.parse_callback(f"code={CODE}&x={'y' * 5000}"),
    "callback longer": lambda: authorize.parse_callback(f"code={CODE}&x={'y' * 50000}"),
    "callback typed": lambda: authorize.parse_callback({"code": CODE, "x": 5}),  # type: ignore[dict-item]  # wrong on purpose
    "webhook": lambda: webhook.parse_webhook(
        {"tiktok-signature": f"t=1,s={'a' * 64}"},
        b"{}",
        secrets=[Secret(CLIENT_SECRET)],
        now=1.0,
        max_age=None,
    ),
}


def locals_of(error: BaseException) -> str:
    """What a log that prints local variables shows of our frames."""
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    frames = [f for f in shown.stack if "tiktok_oauth" in f.filename]
    assert frames
    return "\n".join(f"{f.name}: {f.locals}" for f in frames)


@pytest.mark.parametrize("fail", FAILURES.values(), ids=FAILURES)
def test_failure_shows_no_secret(fail: Callable[[], object]) -> None:
    """Text, repr, attributes, pickle and our frames' locals are free of every secret."""
    with pytest.raises(TikTokAPIError) as caught:
        fail()
    error = caught.value

    assert error.__cause__ is None
    assert error.__context__ is None
    for shown in (str(error), repr(error), repr(vars(error)), str(pickle.dumps(error))):
        assert not [secret for secret in SECRETS if secret in shown]
    assert not [secret for secret in SECRETS if secret in locals_of(error)]


def test_values_on_the_way_show_no_secret() -> None:
    """Requests, answers and the app keep their secrets out of every repr."""
    request = token.build_exchange(APP, Secret(CODE), redirect_uri="https://a.example/cb")
    shown = repr((APP, request, answer(TOKENS), authorize.parse_callback(f"code={CODE}")))

    assert not [secret for secret in SECRETS if secret in shown]
