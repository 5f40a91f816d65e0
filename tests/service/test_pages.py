"""What pages carry, escape and refuse."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient

from tests.service.site import ORIGIN, Browser, Site, open_site
from tiktok_oauth.sandbox.catalog import Person
from tiktok_oauth.sandbox.serve import Sandbox
from tiktok_oauth.service.app import create_app
from tiktok_oauth.service.pages import moment, time_left
from tiktok_oauth.service.settings import ServiceSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow
"""Starts servers."""

PAGES = ["/", "/nothing", "/accounts/nobody", "/callback", "/healthz", "/static/service.css"]


@pytest.mark.parametrize("path", PAGES)
def test_every_answer_is_guarded(browser: Browser, site: Site, path: str) -> None:
    """No script, no frame, no referrer, no cache, and forms lead nowhere but to consent."""
    headers = browser.get(path).headers

    sandbox = site.sandbox.base_url
    assert headers["content-security-policy"] == (
        f"default-src 'none'; style-src 'self'; img-src 'self' https: {sandbox};"
        f" form-action 'self' {sandbox}; base-uri 'none'; frame-ancestors 'none'"
    )
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-opener-policy"] == "same-origin"


def test_a_crash_is_guarded_too(site: Site) -> None:
    """A bug of ours is a plain 500 with the same headers and no traceback."""
    http = TestClient(
        site.app, base_url=ORIGIN, follow_redirects=False, raise_server_exceptions=False
    )
    site.clock.seconds = 1e13  # No calendar goes that far.

    answer = Browser(http, site.sandbox).connect()

    assert answer.status_code == 500
    assert answer.text == "Internal Server Error"
    assert answer.headers["x-frame-options"] == "DENY"


def test_cookies_are_kept_from_scripts_and_other_sites(browser: Browser) -> None:
    """HttpOnly and SameSite=Lax; the binding goes to the callback only and lives ten minutes."""
    form = browser.get("/").headers["set-cookie"]
    binding = browser.post("/connect").headers["set-cookie"]

    assert re.fullmatch(r"form=[\w-]{43}; HttpOnly; Path=/; SameSite=lax", form)
    assert re.fullmatch(
        r"login-[0-9a-f]{16}=[\w-]{43}; HttpOnly; Max-Age=600; Path=/callback; SameSite=lax",
        binding,
    )


def test_https_keeps_cookies_to_https(sandbox: Sandbox) -> None:
    """Behind a redirect URI with https every cookie is Secure."""
    settings = ServiceSettings(
        "https://login.example.com/cb", sandbox.authorize_url, sandbox.base_url
    )
    app = create_app(open_site(sandbox).client, settings)
    http = TestClient(app, base_url="https://login.example.com")

    assert "; Secure" in http.get("/").headers["set-cookie"]


def test_starting_a_login_needs_our_own_page(browser: Browser, site: Site) -> None:
    """Without the form's token, or from another site, nothing starts."""
    forged = [
        browser.http.post("/connect"),
        browser.http.post("/connect", data={"token": "0" * 64}),
        browser.http.post("/connect", data={"token": "é"}),
        browser.http.post("/connect", data={"token": "0" * 9_000}),
        browser.post("/connect", **{"sec-fetch-site": "cross-site"}),
        browser.http.get("/connect"),
    ]

    assert [answer.status_code for answer in forged] == [403, 403, 403, 403, 403, 404]
    assert site.client.metrics().requests == 0


def test_a_token_belongs_to_one_browser(browser: Browser, site: Site) -> None:
    """Another browser's cookie does not go with it."""
    token = re.search(r'name="token" value="(\w+)"', site.browser().get("/").text)
    browser.get("/")

    assert token is not None
    assert browser.http.post("/connect", data={"token": token[1]}).status_code == 403


@pytest.fixture
def strange() -> Iterator[Browser]:
    """A browser before a service whose TikTok knows somebody with a script for a name."""
    with Sandbox() as sandbox:
        name = "<script>alert(1)</script>\"'&"
        sandbox.world.people["strange"] = Person("strange", name, "strange")
        site = open_site(sandbox)
        with TestClient(site.app, base_url=ORIGIN):
            yield site.browser()


def test_a_name_is_never_markup(strange: Browser) -> None:
    """Neither on the account's page nor in the list."""
    pages = strange.connect(person="strange").text + strange.get("/").text

    assert "<script" not in pages
    assert pages.count("&lt;script&gt;alert(1)&lt;/script&gt;&#34;&#39;&amp;") >= 3


def test_no_page_shows_a_token(browser: Browser) -> None:
    """Tokens, codes, secrets and verifiers stay inside."""
    pages = browser.connect().text + browser.get("/").text

    for mark in ("act.", "rft.", "sandbox-client-secret", "code_verifier"):
        assert mark not in pages


def test_other_host_names_are_not_served(site: Site) -> None:
    """A name that somebody else points at this machine reads nothing."""
    for host in ("evil.example", "127.0.0.1.evil.example", "", "[", "localhost@evil.example:80"):
        answer = TestClient(site.app, base_url=ORIGIN).get("/", headers={"host": host})
        assert answer.status_code in (307, 421), host
        assert "Connect" not in answer.text


def test_the_other_loopback_name_leads_to_the_right_one(site: Site) -> None:
    """The login's cookies have to be on the redirect URI's host."""
    http = TestClient(site.app, base_url="http://localhost:8000", follow_redirects=False)

    answer = http.get("/accounts/x%2Fy?a=1")

    assert answer.status_code == 307
    assert answer.headers["location"].startswith("http://127.0.0.1:8000/accounts/x")
    assert answer.headers["location"].endswith("?a=1")


@pytest.mark.parametrize(
    "path",
    [
        "/callback?state=%FF&code=%FF",
        "/callback?" + "a=1&" * 2_000,
        "/accounts/%FF%0D%0AX-Evil:1",
        "/accounts/..%2F..%2Fetc%2Fpasswd",
        "/static/../app.py",
        "/%2F%2Fevil.example",
    ],
)
def test_noise_is_no_crash(browser: Browser, path: str) -> None:
    """It ends in a page that says no."""
    answer = browser.get(path)

    assert answer.status_code in (400, 404)
    assert "x-evil" not in answer.headers


def test_a_field_given_twice_is_refused(browser: Browser, site: Site) -> None:
    """Two codes in one callback are none of TikTok's; nothing is exchanged."""
    callback = browser.decide(browser.leave())

    assert browser.get(f"{callback}&code=other").status_code == 400
    assert site.token_calls == 0


def test_health_is_told_to_anybody(site: Site) -> None:
    """Probes ask by whatever address they know."""
    answer = TestClient(site.app, base_url="http://10.0.0.7:8000").get("/healthz")

    assert answer.json() == {"status": "ok"}


def test_a_good_correlation_id_is_kept_and_a_bad_one_replaced(browser: Browser) -> None:
    """Nothing from outside reaches a header or a log but the allowed characters."""
    good = browser.http.get("/", headers={"x-correlation-id": "proxy-1.2_3"})
    bad = browser.http.get("/", headers={"x-correlation-id": "a b<"})

    assert good.headers["x-correlation-id"] == "proxy-1.2_3"
    assert re.fullmatch(r"tiktok-\d{13}-[0-9a-f]{8}", bad.headers["x-correlation-id"])


def test_disconnecting_revokes_and_forgets(browser: Browser, site: Site) -> None:
    """The grant is gone at TikTok, and the account's page with it."""
    path = browser.connect().url.path
    grants = site.sandbox.world.counts()["grants"]

    answer = browser.post(f"{path}/disconnect")

    assert answer.headers["location"] == "/"
    assert site.sandbox.world.counts()["grants"] < grants
    assert browser.get(path).status_code == 404
    assert "Nobody yet" in browser.get("/").text


def test_disconnecting_needs_our_own_page(browser: Browser) -> None:
    """A forged form leaves the account connected; a wrong name is no crash."""
    path = browser.connect().url.path

    assert browser.http.post(f"{path}/disconnect").status_code == 403
    assert browser.get(path).status_code == 200
    assert browser.post("/accounts/nobody/disconnect").status_code == 404


def test_an_ended_access_is_told(browser: Browser, site: Site) -> None:
    """The list and the page know when the token's time is over."""
    path = browser.connect().url.path
    site.clock.seconds += 7_200

    assert "Access has ended" in browser.get("/").text
    assert "<b>expired</b>" in browser.get(path).text


def test_pages_say_where_tokens_are(browser: Browser) -> None:
    """In memory only, and that a sandbox plays TikTok."""
    page = browser.get("/").text

    assert "kept in memory only" in page
    assert "Sandbox" in page


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (15_552_000, "in 180 days"),
        (86_400, "in 1 day"),
        (7_199.5, "in 2 hours"),
        (61, "in 1 minute"),
        (1, "in less than a minute"),
        (0, "expired"),
        (-90_000, "expired"),
    ],
)
def test_time_left_is_told_in_one_unit(seconds: float, words: str) -> None:
    """The largest that fits."""
    assert time_left(seconds) == words


def test_a_moment_is_told_in_utc() -> None:
    """Day without a leading zero."""
    assert moment(1_795_000_000) == "18 November 2026, 11:06 UTC"
    assert moment(1_796_200_000).startswith("2 December 2026")
