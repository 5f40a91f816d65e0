"""The code table, row by row, against the contract."""

from __future__ import annotations

import pytest

from tests.protocol.answers import answer, data_error, facts, oauth_error, refused
from tests.protocol.contract import BY_STRING, RATE, SERVER, VALIDATION, expected
from tiktok_oauth.errors import TikTokErrorCode, error_class
from tiktok_oauth.protocol.codes import TABLE, classify
from tiktok_oauth.protocol.data import parse_data
from tiktok_oauth.protocol.token import parse_tokens

STATUSES = [200, 302, 400, 401, 403, 404, 429, 500, 503, 599]


@pytest.mark.parametrize("code", BY_STRING)
def test_documented_string_means_the_same_at_every_status(code: str) -> None:
    """A documented string has its code, class, retry, status and action, whatever HTTP says."""
    for status in STATUSES:
        for error in (
            refused(parse_tokens, answer(oauth_error(code), status)),
            refused(parse_data, answer(data_error(code), status)),
        ):
            assert facts(error) == expected(code, status)
            assert (error.tiktok_code, error.http_status) == (code, status)


@pytest.mark.parametrize("code", ["spam_risk_new", "brand_new", "Invalid_Grant", "0", "ok "])
def test_unknown_string_goes_by_status(code: str) -> None:
    """A string nobody knows is a rate limit at 429, a server error from 500, else the caller's."""
    for status in STATUSES:
        error = refused(parse_data, answer(data_error(code), status))
        wanted = RATE if status == 429 else VALIDATION
        wanted = SERVER._replace(status_code=status) if status >= 500 else wanted

        assert facts(error) == wanted
        assert error.tiktok_code == code.strip()


def test_table_holds_the_contract_and_nothing_else() -> None:
    """Every row of the table is one of the contract's strings, and has a hint."""
    assert set(TABLE) == set(BY_STRING)
    assert all(verdict.hint and verdict.error.__doc__ for verdict in TABLE.values())


@pytest.mark.parametrize("code", BY_STRING)
def test_class_is_that_of_its_code(code: str) -> None:
    """The class of a row is its code's own class, or a narrower one."""
    verdict = TABLE[code]

    assert issubclass(verdict.error, error_class(verdict.code))


@pytest.mark.parametrize(
    ("code", "sentence", "word"),
    [
        (
            "invalid_request",
            "Redirect_uri is not matched with the uri when requesting code.",
            "exactly",
        ),
        ("invalid_request", "Code verifier or code challenge is invalid.", "code_verifier"),
        ("invalid_request", "Client secret is missed in request.", "TIKTOK_CLIENT_SECRET"),
        ("invalid_grant", "Authorization code is expired.", "login"),
        ("invalid_grant", "Refresh token is invalid or expired.", "newest"),
        ("invalid_client", "Client info is illegal or malformed.", "newline"),
        ("invalid_client", "CLIENT INFO IS ILLEGAL OR MALFORMED.", "newline"),
    ],
)
def test_known_sentence_narrows_the_hint(code: str, sentence: str, word: str) -> None:
    """A sentence TikTok is known for leads to the hint that fits it, with the same code."""
    plain, narrow = classify(code, "", 200), classify(code, sentence, 200)

    assert word in narrow.hint
    assert narrow.hint != plain.hint
    assert (narrow.code, narrow.error) == (plain.code, plain.error)


def test_unknown_string_keeps_the_general_hint() -> None:
    """A known sentence beside an unknown string does not change what the string means."""
    verdict = classify("brand_new", "Authorization code is expired.", 400)

    assert verdict.code is TikTokErrorCode.VALIDATION_ERROR


@pytest.mark.parametrize("status", [600, 999])
def test_status_of_a_server_error_is_a_5xx(status: int) -> None:
    """An HTTP status beyond 5xx, which some servers make up, is answered as 502."""
    for body in (data_error("internal_error"), data_error("brand_new"), b"<html>"):
        error = refused(parse_data, answer(body, status))

        assert 500 <= error.status_code <= 599
