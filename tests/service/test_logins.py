"""Pending logins alone."""

from __future__ import annotations

import pytest

from tiktok_oauth.errors import LoginError, ValidationError
from tiktok_oauth.service.logins import PendingLogins, cookie_name
from tiktok_oauth.service.settings import ServiceSettings
from tiktok_oauth.types import Secret, TikTokAuthUrl

NOW = 1_795_000_000.0


def start(number: int, verifier: str | None = "v") -> TikTokAuthUrl:
    """Return an authorization URL with a state of its own."""
    return TikTokAuthUrl("https://example.com", f"state-{number}", verifier)


def reason(logins: PendingLogins, now: float, state: str, binding: str) -> str:
    """Return why a callback is refused."""
    with pytest.raises(LoginError) as refused:
        logins.take(now, state, binding)
    return refused.value.reason


def test_the_verifier_comes_back_once() -> None:
    """It is handed out with the first callback and forgotten."""
    logins = PendingLogins()
    logins.begin(NOW, start(1, "verifier"), "binding")

    assert logins.take(NOW + 1, "state-1", "binding") == Secret("verifier")
    assert reason(logins, NOW + 2, "state-1", "binding") == "replayed"


def test_without_pkce_there_is_no_verifier() -> None:
    """A web redirect has none."""
    logins = PendingLogins()
    logins.begin(NOW, start(1, None), "binding")

    assert logins.take(NOW, "state-1", "binding") is None


def test_a_stranger_learns_nothing() -> None:
    """Without the binding every known state says the same, used or expired or not."""
    logins = PendingLogins()
    for number in range(3):
        logins.begin(NOW + number * 600, start(number), "binding")
    logins.take(NOW + 1_200, "state-2", "binding")

    reasons = {reason(logins, NOW + 1_200, f"state-{n}", "stranger") for n in range(3)}

    assert reasons == {"other_browser"}


def test_a_days_old_login_is_forgotten() -> None:
    """A used one is remembered for a day, to be told from a forged one."""
    logins = PendingLogins()
    logins.begin(NOW, start(1), "binding")
    logins.take(NOW, "state-1", "binding")

    logins.begin(NOW + 86_399, start(2), "binding")
    assert reason(logins, NOW + 86_399, "state-1", "binding") == "replayed"
    logins.begin(NOW + 86_400, start(3), "binding")
    assert reason(logins, NOW + 86_400, "state-1", "binding") == "missing"


def test_no_more_than_a_thousand_are_kept() -> None:
    """The oldest give way, so that starting logins fills no memory."""
    logins = PendingLogins()
    for number in range(1_001):
        logins.begin(NOW, start(number), "binding")

    assert reason(logins, NOW, "state-0", "binding") == "missing"
    assert logins.take(NOW, "state-1", "binding") == Secret("v")


def test_a_cookies_name_tells_nothing_of_the_state() -> None:
    """It is a digest, whatever the state was made of."""
    assert cookie_name("<script>; Path=/").removeprefix("login-").isalnum()
    assert cookie_name("a") != cookie_name("b")


@pytest.mark.parametrize("path", ["", "/", "/connect", "/healthz"])
def test_the_callback_needs_a_path_of_its_own(path: str) -> None:
    """A redirect URI whose path is another page's is refused with the mend."""
    with pytest.raises(ValidationError, match="path of its own"):
        ServiceSettings(
            f"https://login.example.com{path}", "https://a.example/", "https://b.example"
        )


def test_against_tiktok_pictures_come_by_https_only() -> None:
    """No sandbox, no exception in the policy."""
    settings = ServiceSettings(
        "https://login.example.com/callback",
        "https://www.tiktok.com/v2/auth/authorize/",
        "https://open.tiktokapis.com",
    )

    assert not settings.is_sandbox
    assert "img-src 'self' https:;" in settings.content_security_policy
    assert "form-action 'self' https://www.tiktok.com;" in settings.content_security_policy
