"""The login, and everything that is no login: refused before a code or an error is believed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.service.site import open_site
from tiktok_oauth.aio import AsyncTikTokOAuth
from tiktok_oauth.errors import ServerError, TikTokErrorCode

if TYPE_CHECKING:
    from httpx2 import Response

    from tests.service.site import Browser, Site
    from tiktok_oauth.sandbox.serve import Sandbox

pytestmark = pytest.mark.slow
"""Starts servers."""

OTHER_STATE = "f" * 64


def with_state(callback: str, state: str) -> str:
    """Return a callback with another state in it."""
    return callback.rpartition("state=")[0] + f"state={state}"


def assert_refused(site: Site, answer: Response, words: str) -> None:
    """It is a page that says so, and TikTok was asked for nothing."""
    assert answer.status_code == 400
    assert words in answer.text
    assert answer.headers["x-correlation-id"] in answer.text
    assert site.token_calls == 0


def test_a_login_ends_on_the_persons_page(browser: Browser, site: Site) -> None:
    """Name, picture, granted scopes and both ends; one code exchange."""
    page = browser.connect()

    assert page.status_code == 200
    for text in ("Mina Okafor", "/_sandbox/avatars/mina.svg", "user.info.basic", "video.list"):
        assert text in page.text
    assert "in 2 hours" in page.text
    assert "in 180 days" in page.text
    assert site.token_calls == 1


def test_the_address_that_remains_is_clean(browser: Browser) -> None:
    """The callback redirects, so that neither code nor state stays in the history."""
    answer = browser.get(browser.decide(browser.leave()))

    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/accounts/-000")
    assert "?" not in answer.headers["location"]


def test_the_request_asks_for_consent_with_pkce(browser: Browser) -> None:
    """A loopback redirect is TikTok's desktop kind; the consent page is never skipped."""
    query = parse_qs(urlsplit(browser.leave()).query)

    assert query["code_challenge_method"] == ["S256"]
    assert query["disable_auto_auth"] == ["1"]
    assert query["redirect_uri"] == ["http://127.0.0.1:8000/callback"]
    assert len(query["state"][0]) == 64


@pytest.mark.parametrize("query", ["", "?code=x", "?state=", f"?code=x&state={OTHER_STATE}"])
def test_a_callback_out_of_nowhere_is_refused(browser: Browser, site: Site, query: str) -> None:
    """Without a state of ours there is nothing to finish."""
    assert_refused(site, browser.get(f"/callback{query}"), "We do not know this login")


def test_a_wrong_state_is_refused(browser: Browser, site: Site) -> None:
    """The code in it is not even looked at, and the right callback still works."""
    callback = browser.decide(browser.leave())

    assert_refused(site, browser.get(with_state(callback, OTHER_STATE)), "do not know this login")
    assert browser.get(callback).status_code == 303


def test_a_callback_works_once(browser: Browser, site: Site) -> None:
    """Loading it again asks TikTok for nothing and tells what happened."""
    callback = browser.decide(browser.leave())
    binding = dict(browser.http.cookies)
    browser.get(callback)
    browser.http.cookies.update(binding)

    again = browser.get(callback)

    assert again.status_code == 400
    assert "already done" in again.text
    assert site.token_calls == 1


def test_a_stolen_callback_is_refused_in_another_browser(browser: Browser, site: Site) -> None:
    """It is refused there, is not used up by it, and works where it belongs."""
    callback = browser.decide(browser.leave())

    stolen = site.browser().get(callback)

    assert_refused(site, stolen, "began in another browser")
    assert browser.get(callback).status_code == 303


def test_a_forged_binding_is_another_browser(browser: Browser, site: Site) -> None:
    """The cookie's name alone is not enough."""
    callback = browser.decide(browser.leave())
    for name in [name for name in browser.http.cookies if name.startswith("login-")]:
        browser.http.cookies.set(name, "forged", domain="127.0.0.1", path="/callback")

    assert_refused(site, browser.get(callback), "began in another browser")


@pytest.mark.parametrize(("seconds", "status"), [(599, 303), (600, 400)])
def test_a_login_lives_ten_minutes(browser: Browser, site: Site, seconds: int, status: int) -> None:
    """After that its callback is refused as expired."""
    callback = browser.decide(browser.leave())
    site.clock.seconds += seconds

    answer = browser.get(callback)

    assert answer.status_code == status
    assert ("took a little long" in answer.text) == (status == 400)


def test_declining_is_no_failure(browser: Browser, site: Site) -> None:
    """The page says that nothing was connected, and offers another try."""
    answer = browser.get(browser.decide(browser.leave(), allow=False))

    assert answer.status_code == 401
    assert "You chose not to connect" in answer.text
    assert "Connect TikTok" in answer.text
    assert "<code>denied</code>" in answer.text
    assert site.token_calls == 0


def test_an_error_is_not_believed_without_its_state(browser: Browser, site: Site) -> None:
    """Nobody can be told that they declined by a link somebody else made."""
    answer = browser.get(f"/callback?error=access_denied&state={OTHER_STATE}")

    assert_refused(site, answer, "We do not know this login")


def test_another_error_of_tiktoks_is_explained(browser: Browser, site: Site) -> None:
    """Its word is on the page, with the correlation ID, and nothing of it is markup."""
    state = parse_qs(urlsplit(browser.leave()).query)["state"][0]

    answer = browser.get(f"/callback?error=server_error&error_description=%3Cb%3E&state={state}")

    assert answer.status_code == 502
    assert "TikTok has a problem" in answer.text
    assert "<b>" not in answer.text.replace("</b>", "")
    assert site.token_calls == 0


def test_a_dead_code_is_explained(browser: Browser, site: Site) -> None:
    """A refused exchange gives a page with the hint and both IDs, and never the code."""
    callback = browser.decide(browser.leave())
    state = callback.rpartition("state=")[2]

    answer = browser.get(f"/callback?code=dead-code-1234&state={state}")

    assert answer.status_code == 401
    assert "invalid_grant" in answer.text
    assert answer.headers["x-correlation-id"] in answer.text
    assert "TikTok log ID" in answer.text
    assert "dead-code-1234" not in answer.text
    assert site.token_calls == 1


class WithoutProfiles(AsyncTikTokOAuth):
    """A client that is told no by user info."""

    async def get_user_info(self, *_: object) -> NoReturn:
        """Refuse."""
        raise ServerError(TikTokErrorCode.API_ERROR, "Not now.", "", retryable=True)


def test_an_account_without_a_profile_is_kept(sandbox: Sandbox) -> None:
    """The code is spent, so the tokens stay even when the profile cannot be read."""
    browser = open_site(sandbox, WithoutProfiles).browser()

    answer = browser.get(browser.decide(browser.leave()))

    assert answer.status_code == 502
    assert "Wait a moment" in answer.text
    assert answer.headers["x-correlation-id"] in answer.text
    assert "Without a name" in browser.get("/").text


def test_two_tabs_can_log_in_at_once(browser: Browser) -> None:
    """Each login has a cookie of its own, so the second does not undo the first."""
    first, second = browser.leave(), browser.leave()

    done = browser.get(browser.decide(first)), browser.get(browser.decide(second, person="ha"))

    assert [answer.status_code for answer in done] == [303, 303]
    assert {"Mina Okafor", "Đặng Thu Hà"} <= set(
        browser.get("/").text.replace("<b>", "\n").replace("</b>", "\n").split("\n")
    )


def test_connecting_again_replaces_the_account(browser: Browser) -> None:
    """The same person is listed once."""
    browser.connect()
    browser.connect()

    assert browser.get("/").text.count("Mina Okafor") == 1
