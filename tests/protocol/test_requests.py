"""Every builder makes exactly the request that TikTok documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, unquote_plus, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocol.answers import ACCESS, APP, CLIENT_SECRET, CODE, REFRESH, STATE
from tiktok_oauth.protocol import data, endpoints, qr, token
from tiktok_oauth.types import Secret

if TYPE_CHECKING:
    from tiktok_oauth.protocol.http import HttpRequest

ORIGIN = "https://open.tiktokapis.com"
FORM_HEADERS = {
    "Content-Type": "application/x-www-form-urlencoded",
    "Accept": "application/json",
    "Accept-Encoding": "identity",
    "User-Agent": "tiktok-oauth/test",
}
DATA_HEADERS = {
    "Authorization": f"Bearer {ACCESS}",
    "Accept": "application/json",
    "Accept-Encoding": "identity",
    "User-Agent": "tiktok-oauth/test",
}
APP_FIELDS = {"client_key": "awkey0123", "client_secret": CLIENT_SECRET}
VERIFIER = "gaeCq5mVvbhA8Ce6w5O9XBVIKMkySgv-_9A-rnhm9Ns"
REDIRECT = "https://app.example.com/tiktok/callback?x=ä&y"

FORMS: dict[str, tuple[HttpRequest, str, dict[str, str]]] = {
    "exchange": (
        token.build_exchange(APP, Secret(CODE), redirect_uri=REDIRECT),
        "/v2/oauth/token/",
        {"grant_type": "authorization_code", "code": CODE, "redirect_uri": REDIRECT} | APP_FIELDS,
    ),
    "exchange with PKCE": (
        token.build_exchange(
            APP, Secret(CODE), redirect_uri=REDIRECT, code_verifier=Secret(VERIFIER)
        ),
        "/v2/oauth/token/",
        {
            "grant_type": "authorization_code",
            "code": CODE,
            "redirect_uri": REDIRECT,
            "code_verifier": VERIFIER,
        }
        | APP_FIELDS,
    ),
    "refresh": (
        token.build_refresh(APP, Secret(REFRESH)),
        "/v2/oauth/token/",
        {"grant_type": "refresh_token", "refresh_token": REFRESH} | APP_FIELDS,
    ),
    "client credentials": (
        token.build_client_token(APP),
        "/v2/oauth/token/",
        {"grant_type": "client_credentials"} | APP_FIELDS,
    ),
    "revoke": (
        token.build_revoke(APP, Secret(ACCESS)),
        "/v2/oauth/revoke/",
        {"token": ACCESS} | APP_FIELDS,
    ),
    "QR get": (
        qr.build_qr_get(APP, ("user.info.basic", "video.list"), STATE),
        "/v2/oauth/get_qrcode/",
        {"client_key": "awkey0123", "scope": "user.info.basic,video.list", "state": STATE},
    ),
    "QR check": (
        qr.build_qr_check(APP, Secret("qr!token*&=")),
        "/v2/oauth/check_qrcode/",
        {"token": "qr!token*&="} | APP_FIELDS,
    ),
}


def form_of(request: HttpRequest) -> list[tuple[str, str]]:
    """The fields of a form body, in any order but each one listed."""
    return sorted(parse_qsl((request.body or b"").decode("ascii"), strict_parsing=True))


@pytest.mark.parametrize("name", FORMS)
def test_form_request_is_exactly_as_documented(name: str) -> None:
    """Method, URL, headers and fields are TikTok's, and nothing is in the URL."""
    request, path, fields = FORMS[name]

    assert (request.method, request.url) == ("POST", ORIGIN + path)
    assert dict(request.headers) == FORM_HEADERS
    assert len(request.headers) == len(FORM_HEADERS)
    assert form_of(request) == sorted(fields.items())


@pytest.mark.parametrize("name", FORMS)
def test_form_body_is_plain_ascii(name: str) -> None:
    """A form holds nothing that a strict decoder could trip over: no space, no raw ``!``."""
    body = (FORMS[name][0].body or b"").decode("ascii")

    assert not set(body) & set(' !"<>#')


def test_code_is_encoded_exactly_once() -> None:
    """The ``*`` and ``!`` of a code go over the wire percent-encoded once, as TikTok wants it."""
    body = (FORMS["exchange"][0].body or b"").decode()

    assert f"code={quote('Xy_-9aBcDeFgHiJkLmNoP*1!6431.u1', safe='')}" in body.split("&")


@given(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.text("%+ &=#é*!~", max_size=9)
)
def test_form_fields_come_back_unchanged(code: str, redirect: str) -> None:
    """Whatever is in a code or redirect URI, a form decoder gets the same text back."""
    request = token.build_exchange(APP, Secret(code), redirect_uri=redirect)
    pairs = [part.partition("=") for part in (request.body or b"").decode("ascii").split("&")]

    fields = {name: unquote_plus(value) for name, _, value in pairs}

    assert (fields["code"], fields["redirect_uri"]) == (code, redirect)
    assert len(pairs) == 5


def test_user_info_asks_for_fields_in_the_query() -> None:
    """User info is a GET with the fields as a comma list and the token in the header only."""
    request = data.build_user_info(APP, Secret(ACCESS), ("open_id", "username"))
    url = urlsplit(request.url)

    assert (request.method, request.body) == ("GET", None)
    assert (f"{url.scheme}://{url.netloc}", url.path) == (ORIGIN, "/v2/user/info/")
    assert parse_qsl(url.query) == [("fields", "open_id,username")]
    assert dict(request.headers) == DATA_HEADERS


def test_data_request_has_json_body_and_query() -> None:
    """Any other v2 call sends its parameters in the query and its body as JSON."""
    endpoint = data.data_endpoint("POST", "/v2/video/list/", repeatable=True)
    body = data.encode_body({"max_count": 20, "title": "é"})

    request = data.build_data(APP, Secret(ACCESS), endpoint, "fields=id%2Ctitle", body)

    assert request.url == f"{ORIGIN}/v2/video/list/?fields=id%2Ctitle"
    assert (request.method, request.body) == ("POST", '{"max_count":20,"title":"é"}'.encode())
    assert dict(request.headers) == DATA_HEADERS | {
        "Content-Type": "application/json; charset=UTF-8"
    }


def test_data_request_without_body_names_no_content_type() -> None:
    """Without a body there is no content to name a type for, and no empty query."""
    endpoint = data.data_endpoint("DELETE", "/v2/thing/", repeatable=False)

    request = data.build_data(APP, Secret(ACCESS), endpoint)

    assert (request.method, request.url) == ("DELETE", f"{ORIGIN}/v2/thing/")
    assert (dict(request.headers), request.body) == (DATA_HEADERS, None)


@pytest.mark.parametrize(
    ("value", "error"),
    [(object(), TypeError), ({1, object()}, TypeError), ("\ud800", ValueError)],
)
def test_json_without_a_word_for_it_is_refused(value: Any, error: type[Exception]) -> None:  # noqa: ANN401 - no JSON
    """What JSON has no word for is refused while the body is made."""
    with pytest.raises(error):
        data.encode_body({"a": value})


def test_no_request_shows_a_secret() -> None:
    """No repr of a request or app, and no URL, holds a token, code, verifier or secret."""
    shown = repr(APP) + "".join(repr(request) + request.url for request, _, _ in FORMS.values())

    for secret in (CLIENT_SECRET, CODE, REFRESH, ACCESS, VERIFIER, "qr!token", "sEcr3t"):
        assert secret not in shown
        assert quote(secret, safe="") not in shown


def test_endpoints_know_what_may_be_repeated() -> None:
    """Grants are single use; reading POST endpoints may be repeated; answers are capped."""
    assert endpoints.TOKEN.single_use
    assert not endpoints.CLIENT_TOKEN.single_use
    assert endpoints.TOKEN.limit == endpoints.REVOKE.limit == 64 * 1024
    assert endpoints.USER_INFO.limit == 1024 * 1024
    assert {
        "/v2/video/list/",
        "/v2/video/query/",
        "/v2/post/publish/creator_info/query/",
        "/v2/post/publish/status/fetch/",
    } == endpoints.REPEATABLE_POSTS


def test_every_field_names_its_scope() -> None:
    """The fifteen documented user-info fields belong to three scopes, four are the default."""
    by_scope: dict[str, set[str]] = {}
    for name, scope in endpoints.FIELD_SCOPES.items():
        by_scope.setdefault(scope, set()).add(name)

    assert by_scope == {
        "user.info.basic": {
            *("open_id", "union_id", "avatar_url", "avatar_url_100", "avatar_large_url"),
            "display_name",
        },
        "user.info.profile": {
            *("bio_description", "profile_deep_link", "profile_web_link", "is_verified"),
            "username",
        },
        "user.info.stats": {"follower_count", "following_count", "likes_count", "video_count"},
    }
    assert endpoints.DEFAULT_FIELDS == ("open_id", "union_id", "avatar_url", "display_name")
