"""Client key, client secret and redirect URI, judged offline by TikTok's rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiktok_oauth.credentials import (
    credential_problem,
    is_desktop_redirect,
    is_loopback,
    redirect_problem,
)

GOOD_REDIRECTS = [
    "https://app.example.com/tiktok/callback",
    "https://app.example.com/tiktok/callback/",
    "https://app.example.com",
    "https://app.example.com:8443/cb",
    "https://xn--bcher-kva.example.com/cb",
    "https://a.example.com/%C3%A4/" + "p" * (511 - 30),
    # Desktop, from TikTok's page.
    "http://localhost:3455/callback/",
    "http://127.0.0.1:3455/callback/",
    "https://127.0.0.1:3455/callback/",
    "https://localhost:65535/",
    "http://localhost:1",
]
BAD_REDIRECTS = {
    "nothing": (None, "missing"),
    "empty": ("", "missing"),
    "number": (5, "string"),
    "bytes": (b"https://a.example.com/", "string"),
    "space": (" https://a.example.com/", "whitespace"),
    "newline": ("https://a.example.com/\n", "whitespace"),
    "inner tab": ("https://a.exa\tmple.com/", "whitespace"),
    "control": ("https://a.example.com/\x00", "whitespace"),
    "quotes": ('"https://a.example.com/"', "quotes"),
    "last quote": ('https://a.example.com/"', "quotes"),
    "long": ("https://a.example.com/" + "p" * 490, "512"),
    "port": ("https://a.example.com:99999/", "port"),
    "wildcard port": ("http://127.0.0.1:*/callback/", "port"),
    "half an address": ("https://[::1/", "URL"),
    "relative": ("/callback", "absolute"),
    "no scheme": ("app.example.com/callback", "absolute"),
    "other scheme": ("myapp://callback", "absolute"),
    "no host": ("https:///callback", "absolute"),
    "javascript": ("javascript:alert(1)", "absolute"),
    "user": ("https://user@a.example.com/", "user name"),
    "password": ("https://:pw@a.example.com/", "user name"),
    "query": ("https://a.example.com/?x=1", "query"),
    "empty query": ("https://a.example.com/?", "query"),
    "fragment": ("https://a.example.com/#x", "fragment"),
    "empty fragment": ("https://a.example.com/#", "fragment"),
    "plain http": ("http://a.example.com/", "https"),
    "http to another loopback": ("http://127.0.0.2:80/", "https"),
    "http to IPv6 loopback": ("http://[::1]:80/", "https"),
    "localhost without port": ("http://localhost/callback", "port"),
    "loopback without port": ("https://127.0.0.1/callback", "port"),
    "port zero": ("http://localhost:0/", "port"),
    "IPv4": ("https://93.184.216.34/cb", "IP address"),
    "IPv6": ("https://[2001:db8::1]/cb", "IP address"),
    "bare name": ("https://intranet/cb", "registered domain"),
}


@pytest.mark.parametrize("uri", GOOD_REDIRECTS)
def test_redirect_tiktok_takes(uri: str) -> None:
    """A static https URL on a domain, or a loopback URL with a port, is fine."""
    assert redirect_problem(uri) is None


@pytest.mark.parametrize("case", BAD_REDIRECTS)
def test_redirect_tiktok_refuses(case: str) -> None:
    """What TikTok would refuse is told in a sentence that names the reason."""
    value, word = BAD_REDIRECTS[case]

    problem = redirect_problem(value)

    assert problem is not None
    assert word in problem
    assert problem.startswith("redirect_uri")


@pytest.mark.parametrize(
    "uri",
    [
        "https://a.example.com/\ud800",
        "https://a.example.com/\u200bcb",
        "https://a.example.com/\ufeff",
    ],
)
def test_unprintable_redirect_is_refused(uri: str) -> None:
    """A character nobody can see, or no encoder can write, is refused before it is encoded."""
    assert redirect_problem(uri) is not None


@pytest.mark.parametrize(
    "host", ["app.localhost", "app.local", "app.internal", "app.invalid", "localhost.localdomain"]
)
def test_domain_nobody_can_register_is_refused(host: str) -> None:
    """TikTok takes registered domains only: names reserved for local use never are."""
    assert redirect_problem(f"https://{host}/cb") is not None


def test_length_bound_is_511() -> None:
    """TikTok takes fewer than 512 characters."""
    start = "https://a.example.com/"

    assert redirect_problem(start + "p" * (511 - len(start))) is None
    assert redirect_problem(start + "p" * (512 - len(start))) is not None


@pytest.mark.parametrize(
    ("uri", "desktop"),
    [
        ("http://localhost:3000/", True),
        ("http://LOCALHOST:3000/", True),
        ("https://127.0.0.1:3000/cb", True),
        ("https://a.example.com/", False),
        ("https://localhost.example.com/", False),
        ("http://[::1]:3000/", False),
        ("https://[half", False),
        ("", False),
    ],
)
def test_desktop_kind_is_known_by_its_host(uri: str, desktop: bool) -> None:
    """Only localhost and 127.0.0.1 are TikTok's desktop kind."""
    assert is_desktop_redirect(uri) is desktop


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
def test_this_machine_has_three_names(host: str) -> None:
    """Plain http is allowed to three names of this machine."""
    assert is_loopback(host)


@pytest.mark.parametrize("host", [None, "", "127.0.0.2", "localhost.example.com", "10.0.0.1"])
def test_other_hosts_are_not_this_machine(host: str | None) -> None:
    """Any other host, however near it sounds, is not this machine."""
    assert not is_loopback(host)


@pytest.mark.parametrize(
    "value",
    [
        *("awkey0123456789", "sbawkey0123456789", "k" * 512, "xx", "S3cr3t-._~+/=", "you"),
        *("nonesuch", "exampled", "a$b", "{half", "tody", "changed"),
    ],
)
def test_credential_that_can_be_right(value: str) -> None:
    """Anything TikTok could have issued passes."""
    assert credential_problem("client_key", "TIKTOK_CLIENT_KEY", value) is None


@pytest.mark.parametrize(
    ("value", "word"),
    [
        *((value, "missing") for value in (None, "")),
        *((value, "string") for value in (5, b"key", ["key"], True)),
        *((value, "blank") for value in (" ", "\t\n")),
        *((value, "quotes") for value in ('"key"', "'key'", "`key`", '"key', "key'")),
        *((value, "whitespace") for value in ("key\n", " key", "a b", "a\tb", "key\r\n")),
        *((value, "characters") for value in ("ké", "k\x00", "k\x7f", "\ud800", "x" * 513)),
        *(
            (value, "placeholder")
            for value in (
                *("your_client_key", "YOUR-CLIENT-SECRET", "<client_key>", "[secret]", "{{key}}"),
                *("changeme", "change-me", "CHANGE_ME", "replace_me", "insert-key-here", "xxx"),
                *("XXXXXXXX", "todo", "TBD", "placeholder", "none", "null", "undefined", "***"),
                *(
                    "...",
                    "$TIKTOK_CLIENT_KEY",
                    "${TIKTOK_CLIENT_KEY}",
                    "my_client_key",
                    "example",
                    "TIKTOK_CLIENT_KEY",
                    "yourClientKey",
                ),
            )
        ),
    ],
)
def test_credential_that_cannot_be_right(value: object, word: str) -> None:
    """What people get wrong is told with the variable to mend, and never quoted."""
    problem = credential_problem("client_key", "TIKTOK_CLIENT_KEY", value)

    assert problem is not None
    assert problem.startswith("client_key")
    assert word in problem
    assert "TIKTOK_CLIENT_KEY" in problem


@given(st.text().map("Zq7".__add__) | st.none() | st.integers())
def test_no_credential_is_quoted(value: object) -> None:
    """Whatever is given, the sentence about it does not repeat it."""
    problem = credential_problem("client_secret", "X", value)

    assert problem is None or not isinstance(value, str) or value not in problem


@given(st.text() | st.binary() | st.integers())
def test_any_redirect_is_judged(value: object) -> None:
    """Whatever is given is judged in a sentence, and nothing is raised."""
    problem = redirect_problem(value)

    assert problem is None or problem.startswith("redirect_uri")
