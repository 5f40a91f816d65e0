"""Disconnecting, from both clients."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.client.conftest import KEY, SECRET
from tests.support.scripted import ACCESS_TOKEN, RESET, answer, data_error, oauth_error

if TYPE_CHECKING:
    from tests.client.conftest import Shell
    from tests.support.scripted import Step


@pytest.mark.parametrize("body", [b"", b"{}", b" \n"])
def test_a_revoked_token_returns_nothing(shell: Shell, body: bytes) -> None:
    """TikTok answers with an empty body, or an empty object."""
    shell.script.play(answer(body))

    assert shell.call("revoke_access", ACCESS_TOKEN) is None
    [attempt] = shell.script.attempts
    assert attempt.request.url == "https://open.tiktokapis.com/v2/oauth/revoke/"
    assert attempt.form == {"client_key": KEY, "client_secret": SECRET, "token": ACCESS_TOKEN}


@pytest.mark.parametrize("dead", [oauth_error("invalid_grant"), data_error("access_token_invalid")])
def test_a_token_tiktok_does_not_know_counts_as_done(
    shell: Shell, dead: Step, caplog: pytest.LogCaptureFixture
) -> None:
    """The call succeeds, and a line at level warn says what that may mean."""
    shell.script.play(dead)
    with caplog.at_level("WARNING", "tiktok_oauth"):
        assert shell.call("revoke_access", ACCESS_TOKEN) is None

    [record] = caplog.records
    assert record.getMessage() == (
        "[TikTokOAuth] revoke_access - TikTok did not know this token; if it had only expired "
        "the app is still connected: refresh, then revoke"
    )
    assert (shell.call("metrics").successes, shell.sent) == (1, 1)


def test_a_lost_revocation_may_be_repeated(shell: Shell) -> None:
    """The second attempt finds the token dead, which is what was wanted."""
    shell.script.play(RESET, oauth_error("invalid_grant"))

    assert shell.call("revoke_access", ACCESS_TOKEN) is None
    assert shell.sent == 2


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (
            oauth_error("invalid_request", "The request parameters are malformed."),
            "VALIDATION_ERROR",
        ),
        (oauth_error("invalid_client"), "INVALID_CREDENTIALS"),
        (oauth_error("access_denied"), "INVALID_TOKEN"),
        (answer(b"<html>"), "API_ERROR"),
        (answer(b"", 404), "API_ERROR"),
        (answer(b"", 503), "API_ERROR"),
    ],
)
def test_every_other_failure_raises(shell: Shell, failure: Step, code: str) -> None:
    """Only a dead token is as good as a revoked one."""
    shell.script.play(failure)

    assert shell.refused("revoke_access", ACCESS_TOKEN).code == code
