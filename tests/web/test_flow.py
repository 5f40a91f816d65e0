"""Which cookie and which address: the pure decisions of a login behind a website."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiktok_oauth import LoginStart, ValidationError
from tiktok_oauth.types import Secret
from tiktok_oauth.web.flow import Address, Visit, arrive, leave, read_form

HTTPS = Address("https://app.example/auth/tiktok/callback")
LOOPBACK = Address("http://127.0.0.1:8000/callback")
STATE = "ab" * 32
START = LoginStart(f"https://www.tiktok.com/v2/auth/authorize/?a=b&state={STATE}", "the-binding")


def test_everything_follows_from_the_redirect_uri() -> None:
    """Origin, paths, and whether cookies are kept to https."""
    assert HTTPS.origin == "https://app.example"
    assert HTTPS.callback_path == "/auth/tiktok/callback"
    assert HTTPS.beside("login") == "/auth/tiktok/login"
    assert LOOPBACK.beside("login") == "/login"
    assert HTTPS.cookie("a", "b", max_age=9).header == (
        "__Host-a=b; Path=/; Max-Age=9; HttpOnly; SameSite=lax; Secure"
    )
    assert LOOPBACK.cookie("a", "b", max_age=None).header == "a=b; Path=/; HttpOnly; SameSite=lax"


@pytest.mark.parametrize("path", ["", "/", "/tiktok/", "/login", "/tiktok/webhook"])
def test_a_redirect_uri_needs_a_path_of_its_own(path: str) -> None:
    """One that nothing else is served at."""
    with pytest.raises(ValidationError, match="path of its own"):
        Address(f"https://app.example{path}")


@pytest.mark.parametrize("address", [HTTPS, LOOPBACK])
@pytest.mark.parametrize("user_id", [None, "", "42", "ö\ud800"])
def test_who_leaves_can_come_back(address: Address, user_id: str | None) -> None:
    """The cookie gives the binding back, to the same user only."""
    [cookie] = leave(address, START, now=1.0, cookies={}, user_id=user_id)
    jar, query = {cookie.name: cookie.value}, f"code=c&state={STATE}"

    assert arrive(address, query, jar, user_id) == Secret("the-binding")
    for other in {None, "", "42", "43"} - {user_id}:
        assert arrive(address, query, jar, other) == Secret("-")
    assert arrive(address, f"code=c&state={STATE}a", jar, user_id) == Secret("-")


def test_a_cookie_that_any_page_on_http_could_set_is_not_taken() -> None:
    """On an https site only one with the prefix that browsers guard counts."""
    [cookie] = leave(HTTPS, START, now=1.0, cookies={})
    name = cookie.name.removeprefix("__Host-")

    assert name != cookie.name
    assert arrive(HTTPS, f"state={STATE}", {name: cookie.value}) == Secret("-")


def test_the_oldest_login_gives_way() -> None:
    """Five are kept; what is no cookie of ours goes first."""
    jar: dict[str, str] = {"other": "kept"}
    for number in range(5):
        start = LoginStart(START.url + str(number), "b")
        [cookie] = leave(HTTPS, start, now=100.0 + number, cookies=jar)
        jar[cookie.name] = cookie.value
    oldest = next(name for name, value in jar.items() if value.startswith("64."))
    broken = jar | {HTTPS.cookie_name("tiktok-login-x"): "no time"}

    _, gone = leave(HTTPS, START, now=200.0, cookies=jar)
    _, *both = leave(HTTPS, START, now=200.0, cookies=broken)

    assert (gone.name, gone.max_age) == (oldest, 0)
    assert [cookie.name for cookie in both] == [HTTPS.cookie_name("tiktok-login-x"), oldest]


@given(st.text(), st.dictionaries(st.text(), st.text()))
def test_no_callback_makes_it_raise(query: str, cookies: dict[str, str]) -> None:
    """Whatever a stranger sends, there is a binding that fits nothing."""
    assert arrive(HTTPS, query, cookies) == Secret("-")


@given(st.text())
def test_no_cookie_makes_it_raise(value: str) -> None:
    """Nor what somebody has written into the right one."""
    [cookie] = leave(HTTPS, START, now=1.0, cookies={})

    assert arrive(HTTPS, f"state={STATE}", {cookie.name: value}) == Secret("-")


@given(st.binary())
def test_no_form_makes_it_raise(body: bytes) -> None:
    """Any bytes are a form, perhaps without fields."""
    assert isinstance(read_form(body), dict)


def test_a_form_has_each_field_once_and_is_short() -> None:
    """Of two the first; of a body beyond sixteen KiB nothing."""
    assert read_form(b"a=1&a=2&b=%C3%A9&c=") == {"a": "1", "b": "é", "c": ""}
    assert read_form(b"a=" + b"1" * 16384) == {}


def test_a_visit_and_a_cookie_show_nothing() -> None:
    """Codes, cookies and forms do not get into logs by way of them."""
    [cookie] = leave(HTTPS, START, now=1.0, cookies={})
    visit = Visit(query="code=c0de", cookies={"a": "c0de"}, form={"a": "c0de"}, body=b"c0de")

    assert "c0de" not in repr(visit)
    assert "the-binding" not in repr(cookie)
