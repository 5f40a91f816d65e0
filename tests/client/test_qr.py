"""Login by QR code, from both clients."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.client.conftest import KEY, SECRET
from tests.support.scripted import CODE, answer, oauth_error
from tiktok_oauth import QrAuthorization, QrStatus, ValidationError

if TYPE_CHECKING:
    from tests.client.conftest import Shell

DRAWN = "aweme://authorize?authType=100&client_key=k&client_ticket=tobefilled&scope=a"
STARTED = {"scan_qrcode_url": DRAWN, "token": "QRTOKEN"}
LOGIN = QrAuthorization("aweme://a?client_ticket=T", "QRTOKEN", "T1CKET", "st")


def test_a_qr_login_has_our_own_ticket(shell: Shell) -> None:
    """The URL to draw carries a random ticket in place of TikTok's placeholder."""
    shell.script.play(answer(STARTED))
    login = shell.call("start_qr_authorization", ["user.info.basic", "video.list"], state="st")

    drawn = parse_qs(urlsplit(login.scan_url).query)
    assert drawn["client_ticket"] == [login.client_ticket]
    assert len(login.client_ticket) >= 32
    assert (login.token, login.state) == ("QRTOKEN", "st")
    assert shell.script.attempts[0].request.url.endswith("/v2/oauth/get_qrcode/")
    assert shell.script.attempts[0].form == {
        "client_key": KEY,
        "scope": "user.info.basic,video.list",
        "state": "st",
    }


def test_a_qr_login_makes_its_own_state(shell: Shell) -> None:
    """State and scopes have the same defaults as for a URL."""
    shell.script.play(answer(STARTED))
    login = shell.call("start_qr_authorization")

    assert len(login.state) == 64
    assert shell.script.attempts[0].form["scope"] == "user.info.basic"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"status": "new", "client_ticket": ""}, QrStatus("new")),
        ({"status": "scanned", "client_ticket": "T1CKET"}, QrStatus("scanned")),
        ({"status": "expired", "client_ticket": ""}, QrStatus("expired")),
        (
            {
                "status": "confirmed",
                "client_ticket": "T1CKET",
                "redirect_uri": "https://a.example?code=Example-code%2A1%214520.u1&state=st",
            },
            QrStatus("confirmed", CODE),
        ),
    ],
)
def test_polling_tells_where_the_login_stands(
    shell: Shell, body: dict[str, str], status: QrStatus
) -> None:
    """The code comes decoded, ready for the exchange."""
    shell.script.play(answer(body))

    assert shell.call("poll_qr_authorization", LOGIN) == status
    assert shell.script.attempts[0].request.url.endswith("/v2/oauth/check_qrcode/")
    assert shell.script.attempts[0].form == {
        "client_key": KEY,
        "client_secret": SECRET,
        "token": "QRTOKEN",
    }


@pytest.mark.parametrize(
    "body",
    [
        {"status": "confirmed", "client_ticket": "another", "code": "c"},
        {"status": "confirmed", "client_ticket": "T1CKET"},
        {"status": "confirmed", "client_ticket": "T1CKET", "code": "https://a?code=c&state=no"},
        {"status": "dancing", "client_ticket": "T1CKET"},
        b"<html>",
    ],
)
def test_somebody_elses_answer_logs_nobody_in(shell: Shell, body: object) -> None:
    """Another ticket, another state, no code: a typed error after one attempt."""
    shell.script.play(answer(body))
    error = shell.refused("poll_qr_authorization", LOGIN)

    assert (error.code, error.attempts) == ("API_ERROR", 1)


def test_a_refused_qr_login_is_typed(shell: Shell) -> None:
    """TikTok's error string decides here, too."""
    shell.script.play(oauth_error("invalid_scope"))

    assert isinstance(shell.refused("start_qr_authorization"), ValidationError)
