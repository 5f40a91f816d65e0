"""What a person reads when something failed: every error has a page, and every page a way out."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import get_args

import pytest

from tiktok_oauth import LoginStart, ScopeError, TikTokAPIError, TikTokErrorCode
from tiktok_oauth.errors import LoginReason, error_class, login_error
from tiktok_oauth.web.pages import Form, error_headers, error_html, error_json, wants_html
from tiktok_oauth.web.words import explain

FORM = Form("/tiktok/login", "field", '"><script>')


def make(code: TikTokErrorCode, *, retryable: bool = False) -> TikTokAPIError:
    """An error with this code."""
    return error_class(code)(code, "What <happened>.", "tiktok-1-a", retryable, hint="Do & this.")


@pytest.mark.parametrize("reason", get_args(LoginReason))
def test_a_failed_login_can_be_begun_again(reason: LoginReason) -> None:
    """Whatever the reason, which is on the page."""
    page = explain(login_error(reason), in_login=True)

    assert (page.reason, page.remedy) == (reason, "connect")
    assert dict(page.details)["Error"] == reason
    assert page.title
    assert page.advice


@pytest.mark.parametrize(
    ("code", "retryable", "remedy"),
    [
        (TikTokErrorCode.NETWORK_ERROR, True, "reload"),
        (TikTokErrorCode.TIMEOUT_ERROR, True, "reload"),
        (TikTokErrorCode.RATE_LIMIT, True, "reload"),
        (TikTokErrorCode.API_ERROR, True, "reload"),
        (TikTokErrorCode.API_ERROR, False, "none"),
        (TikTokErrorCode.INVALID_CREDENTIALS, False, "none"),
        (TikTokErrorCode.INVALID_TOKEN, False, "connect"),
        (TikTokErrorCode.TOKEN_EXPIRED, False, "reload"),
        (TikTokErrorCode.VALIDATION_ERROR, False, "none"),
    ],
)
def test_each_code_has_its_way_out(
    code: TikTokErrorCode,
    retryable: bool,
    remedy: str,
) -> None:
    """By its action: try again, load anew, connect again; within a login always the last."""
    error = make(code, retryable=retryable)
    page = explain(error)

    assert (page.remedy, page.action, page.status) == (remedy, error.action, error.status_code)
    assert explain(error, in_login=True).remedy == "connect"


def test_a_missing_scope_leads_to_tiktoks_page() -> None:
    """Where a vault has begun a login for it."""
    error = ScopeError(TikTokErrorCode.INVALID_TOKEN, "No.", "", retryable=False)
    assert explain(error).remedy == "connect"

    error.login = LoginStart("https://www.tiktok.com/?a=1&b=2", "binding")
    page = explain(error)

    assert page.remedy == "consent"
    assert 'href="https://www.tiktok.com/?a=1&amp;b=2"' in error_html(page, FORM, "/")


class Tags(HTMLParser):
    """Collects the tags of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        """Take one."""
        self.found.append(tag)


@pytest.mark.parametrize("code", TikTokErrorCode)
def test_nothing_that_was_said_becomes_html(code: TikTokErrorCode) -> None:
    """Messages, hints, tokens and addresses are text on the page."""
    html = error_html(explain(make(code), in_login=True), FORM, '"><b>')

    assert not {"script", "b", "happened"} & set(Tags(html).found)
    assert "form" in Tags(html).found


def test_a_wait_is_told_in_whole_seconds() -> None:
    """Rounded up: too early helps nobody."""
    error = make(TikTokErrorCode.RATE_LIMIT, retryable=True)
    error.retry_after = 1.2

    assert error_headers(explain(error))["Retry-After"] == "2"
    assert '"retry_after": 1.2' in error_json(error, explain(error))


def test_browsers_get_a_page_and_programs_json() -> None:
    """By what they say they take."""
    assert wants_html("text/html,application/xhtml+xml,*/*;q=0.8")
    assert not wants_html("*/*")
    assert not wants_html("application/json")
    assert not wants_html("")
