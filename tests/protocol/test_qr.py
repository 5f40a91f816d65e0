"""QR login: what TikTok may answer, and whose answer we believe."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocol.answers import CODE, STATE, TICKET, answer, facts, oauth_error, refused
from tests.protocol.contract import RATE, UNKNOWN_SUCCESS, expected
from tiktok_oauth.errors import TikTokAPIError
from tiktok_oauth.protocol.qr import parse_qr_check, parse_qr_get
from tiktok_oauth.types import QrAuthorization, QrStatus, Secret

URL = "aweme://authorize?authType=100&client_ticket=tobefilled&next=a%3Fclient_ticket%3Dtobefilled"
ENCODED = "Xy_-9aBcDeFgHiJkLmNoP%2A1%216431.u1"


def started(body: object, ticket: str = TICKET) -> QrAuthorization:
    """Read a get_qrcode answer."""
    return parse_qr_get(answer(body), ticket=Secret(ticket), state=STATE)


def check(**body: object) -> QrStatus:
    """Read a check_qrcode answer that carries our ticket."""
    response = answer({"client_ticket": TICKET} | body)
    return parse_qr_check(response, ticket=Secret(TICKET), state=STATE)


def test_our_ticket_is_put_into_the_code() -> None:
    """The value of client_ticket is replaced, and nothing else of the URL."""
    login = started({"scan_qrcode_url": URL, "token": "t"})

    assert login == QrAuthorization(URL.replace("tobefilled", TICKET, 1), "t", TICKET, STATE)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_any_ticket_is_encoded_into_the_code(ticket: str) -> None:
    """A ticket of any characters comes out of the URL as it went in."""
    login = started({"scan_qrcode_url": "aweme://a?client_ticket=&b=1", "token": "t"}, ticket)
    head, _, tail = login.scan_url.partition("client_ticket=")

    assert (head, unquote(tail.removesuffix("&b=1"))) == ("aweme://a?", ticket)


@pytest.mark.parametrize(
    "body",
    [
        {"token": "t"},
        {"scan_qrcode_url": "aweme://authorize?client_key=a", "token": "t"},
        {"scan_qrcode_url": "aweme://authorize?old_client_ticket=a", "token": "t"},
        {"scan_qrcode_url": URL},
        {"scan_qrcode_url": URL, "token": ""},
        {"scan_qrcode_url": None, "token": "t"},
        {"scan_qrcode_url": URL, "token": 5},
        {"data": {"scan_qrcode_url": URL, "token": "t"}},
        {},
    ],
)
def test_answer_without_a_code_to_draw_is_typed(body: object) -> None:
    """Without a token, or a place for our ticket, there is nothing to draw."""
    assert facts(refused(started, body)) == UNKNOWN_SUCCESS


@pytest.mark.parametrize("status", ["new", "expired"])
@pytest.mark.parametrize("ticket", ["", TICKET, "somebody-else's"])
def test_state_without_a_ticket_says_nothing_about_anybody(status: str, ticket: str) -> None:
    """New and expired carry no ticket, so none is compared."""
    assert check(status=status, client_ticket=ticket).status == status


@pytest.mark.parametrize("status", ["scanned", "utilised"])
def test_scanned_and_utilised_carry_our_ticket(status: str) -> None:
    """Between new and the end there is a status, and no code."""
    assert check(status=status) == QrStatus(status)  # type: ignore[arg-type]  # a plain str stands for the literal


@pytest.mark.parametrize("status", ["scanned", "confirmed", "utilised"])
@pytest.mark.parametrize("ticket", ["", "somebody-else's", TICKET.upper(), TICKET + " ", "é"])
def test_somebody_elses_ticket_logs_nobody_in(status: str, ticket: str) -> None:
    """An answer for another login than ours is refused."""
    error = refused(check, status=status, client_ticket=ticket, code=CODE)

    assert facts(error) == UNKNOWN_SUCCESS


@pytest.mark.parametrize(
    "body",
    [
        {"redirect_uri": f"https://example.com?code={ENCODED}"},
        {"redirect_uri": f"https://example.com/cb?a=b&code={ENCODED}&state={STATE}#f"},
        {"code": f"https://example.com?code={ENCODED}"},
        {"code": CODE},
        {"code": CODE, "redirect_uri": ""},
    ],
)
def test_code_is_read_from_every_documented_place(body: dict[str, object]) -> None:
    """The page names ``code`` and shows ``redirect_uri``: both work, decoded once."""
    assert check(status="confirmed", **body) == QrStatus("confirmed", CODE)


@pytest.mark.parametrize(
    "body",
    [
        {"redirect_uri": "https://example.com?code=c&scopes=a%2Cb"},
        {"code": "https://example.com?code=c&scopes=a,b"},
        {"code": "c", "scopes": "a,b"},
    ],
)
def test_scopes_beside_the_code_are_read(body: dict[str, object]) -> None:
    """Granted scopes come along wherever the code stands."""
    assert check(status="confirmed", **body).scopes == {"a", "b"}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"redirect_uri": "https://example.com"},
        {"redirect_uri": "https://example.com?code="},
        {"redirect_uri": "https://example.com?code=a&code=b"},
        {"redirect_uri": "https://example.com?error=access_denied"},
        {"redirect_uri": "https://[half?code=a"},
        {"code": "https://[half?code=a"},
        {"code": "x" * 4097},
        {"redirect_uri": f"https://example.com?code=c&state={STATE[::-1]}"},
        {"redirect_uri": "https://example.com?code=c&state=%C3%A9"},
        {"code": 5},
    ],
)
def test_confirmed_without_our_code_is_typed(body: dict[str, object]) -> None:
    """A confirmation without exactly one code, or with another login's state, is refused."""
    assert facts(refused(check, status="confirmed", **body)) == UNKNOWN_SUCCESS


@pytest.mark.parametrize("status", ["", "CONFIRMED", "utilized", "done", None, 5, [], {}])
def test_unknown_status_is_typed(status: object) -> None:
    """Only the five documented states are believed."""
    assert facts(refused(check, status=status)) == UNKNOWN_SUCCESS


@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize("code", ["invalid_request", "invalid_client", "server_error"])
def test_refusal_is_typed(code: str, status: int) -> None:
    """Both QR endpoints refuse in the OAuth endpoints' shape, at whatever status."""
    response = answer(oauth_error(code), status)
    for parse in (parse_qr_get, parse_qr_check):
        error = refused(parse, response, ticket=Secret(TICKET), state=STATE)

        assert facts(error) == expected(code, status)


def test_too_many_polls_are_a_rate_limit() -> None:
    """A bare 429 while polling is a rate limit."""
    response = answer(b"", 429)

    error = refused(parse_qr_check, response, ticket=Secret(TICKET), state=STATE)

    assert facts(error) == RATE


@given(st.text(max_size=30), st.text(max_size=60), st.text(max_size=30))
def test_any_confirmation_is_a_code_or_typed(ticket: str, redirect: str, code: str) -> None:
    """Whatever a confirmation holds, lone surrogates included, nothing else comes out."""
    body = {"client_ticket": ticket, "redirect_uri": redirect, "code": code, "status": "confirmed"}
    try:
        status = parse_qr_check(answer(body), ticket=Secret(TICKET), state=STATE)
    except TikTokAPIError:
        return
    assert status.code
