"""The authorize step: consent, denial, and the errors that never come back to the app."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote_to_bytes, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sandbox.visitor import CHALLENGE, REDIRECT_URI, authorize_path
from tiktok_oauth.sandbox.authorize import AuthorizeError, read_request
from tiktok_oauth.sandbox.serve import Sandbox

if TYPE_CHECKING:
    from tests.sandbox.visitor import Answer, Visitor

EMPTY_WORLD = Sandbox(seed=1).world
FORM = [("Content-Type", "application/x-www-form-urlencoded")]


def decide(visitor: Visitor, form: str, **changes: str | None) -> Answer:
    """Press a button on the consent page."""
    return visitor.send("POST", authorize_path(**changes), form.encode(), FORM)


def query(answer: Answer) -> dict[str, str]:
    """Return the parameters of where an answer redirects to."""
    return dict(parse_qsl(urlsplit(answer.headers["location"]).query))


def test_the_consent_page_asks(visitor: Visitor) -> None:
    """It names the app, each scope in plain words, everybody to answer as, and what it is not."""
    answer = visitor.get(authorize_path(scope="video.list"))

    assert answer.status == 200
    for text in ("Demo app", "See your public videos", "Ayşe Yıldız", "It is not TikTok"):
        assert text in answer.text


def test_the_policy_lets_the_form_lead_back_to_the_app(visitor: Visitor) -> None:
    """No script at all, no frame, and form-action names the redirect URI's origin."""
    headers = visitor.get(authorize_path()).headers

    assert headers["content-security-policy"] == (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none';"
        " frame-ancestors 'none'; form-action 'self' http://127.0.0.1:8000"
    )
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"


def test_allowing_sends_a_code_back(visitor: Visitor) -> None:
    """The callback carries code, granted scopes (plural) and the state."""
    answer = decide(
        visitor,
        "decision=allow&person=ha&scope=video.list",
        scope="video.upload,video.list",
    )

    assert answer.status == 303
    assert answer.headers["location"].startswith(REDIRECT_URI + "?code=")
    assert query(answer)["scopes"] == "user.info.basic,video.list"
    assert query(answer)["state"] == "s1"
    tokens = visitor.exchange(code=query(answer)["code"]).json
    assert tokens["scope"] == "user.info.basic,video.list"


def test_nobody_can_grant_more_than_was_asked(visitor: Visitor) -> None:
    """A scope that was not asked for is left out, whatever the form says."""
    answer = decide(visitor, "decision=allow&person=ha&scope=video.publish")

    assert query(answer)["scopes"] == "user.info.basic"


def test_denying_sends_an_error_back(visitor: Visitor) -> None:
    """The app hears access_denied, with its state."""
    answer = decide(visitor, "decision=deny&person=ha")

    assert query(answer) == {
        "error": "access_denied",
        "error_description": "User cancelled authorization",
        "state": "s1",
    }


def test_an_unknown_person_is_asked_again(visitor: Visitor) -> None:
    """No code is given to nobody."""
    assert decide(visitor, "decision=allow&person=nobody").status == 200


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"client_key": None}, ("param_error", "client_key", "10003")),
        ({"client_key": "awunknown"}, ("unauthorized_client", "client_key", None)),
        ({"response_type": "token"}, ("unsupported_response_type", "response_type", None)),
        ({"redirect_uri": None}, ("invalid_request", "redirect_uri", None)),
        ({"scope": None}, ("invalid_scope", "scope", None)),
        ({"scope": "user.info.basic video.list"}, ("invalid_scope", "scope", None)),
        ({"scope": "user.info.basic,video.lists"}, ("invalid_scope", "scope", None)),
        ({"code_challenge": None}, ("param_error", "code_challenge", "10007")),
        ({"code_challenge_method": "plain"}, ("param_error", "code_challenge_method", "10008")),
        ({"code_challenge_method": None}, ("param_error", "code_challenge_method", "10008")),
    ],
)
def test_a_wrong_request_stays_with_tiktok(
    visitor: Visitor, changes: dict[str, str | None], expected: tuple[str, str, str | None]
) -> None:
    """An error page with error, error_type and errCode in its own address; no callback."""
    answer = visitor.get(authorize_path(**changes))

    location = answer.headers["location"]
    assert answer.status == 302
    assert location.startswith("/v2/auth/error/?")
    found = query(answer)
    assert (found["error"], found["error_type"], found.get("errCode")) == expected
    assert f"<code>{expected[1]}</code>" in visitor.get(location).text


def test_a_decision_on_a_wrong_request_counts_for_nothing(visitor: Visitor) -> None:
    """The form cannot be used to get round the checks."""
    answer = decide(visitor, "decision=allow&person=ha", redirect_uri="javascript:alert(1)")

    assert answer.headers["location"].startswith("/v2/auth/error/?")


@pytest.mark.parametrize(
    "redirect_uri",
    [
        "https://app.example/callback",
        "https://app.example:8443/",
        "https://sub.xn--bcher-kva.example",
        "http://localhost:3455/callback/",
        "https://127.0.0.1:3455/callback",
    ],
)
def test_redirect_uris_of_both_kinds_are_accepted(sandbox: Sandbox, redirect_uri: str) -> None:
    """Https on a domain name, or loopback with a port."""
    callback = sandbox.authorize("?" + authorize_path(redirect_uri=redirect_uri).split("?")[1])

    assert callback.startswith(redirect_uri + "?code=")


@pytest.mark.parametrize(
    "redirect_uri",
    [
        "http://app.example/callback",
        "http://127.0.0.1/callback",
        "http://127.0.0.2:80/callback",
        "https://192.0.2.7/callback",
        "https://localhost/callback",
        "https://app.example/callback?next=1",
        "https://app.example/callback#top",
        "https://app.example;script-src/",
        "https://app.example/a b",
        "https://user@app.example/",
        "https://app.example/" + "a" * 500,
        "/callback",
        "app://callback",
    ],
)
def test_other_redirect_uris_are_refused(sandbox: Sandbox, redirect_uri: str) -> None:
    """Whatever TikTok would not register."""
    with pytest.raises(AuthorizeError) as refused:
        sandbox.authorize(authorize_path(redirect_uri=redirect_uri))

    assert refused.value.error_type == "redirect_uri"


def test_a_web_redirect_needs_no_pkce(sandbox: Sandbox) -> None:
    """Https on a domain name works without a challenge."""
    url = authorize_path(
        redirect_uri="https://app.example/cb", code_challenge=None, code_challenge_method=None
    )

    assert "code=" in sandbox.authorize(url)


def test_a_base64_challenge_fails_one_step_late(visitor: Visitor) -> None:
    """Authorize takes any challenge; the exchange is what refuses it."""
    code = visitor.code(code_challenge="lowly-base64url_challenge")

    answer = visitor.exchange(code=code)

    assert answer.json["error_description"] == "Code verifier or code challenge is invalid."


def test_the_slash_may_be_missing(visitor: Visitor) -> None:
    """The path without its last slash redirects, with the query."""
    path = authorize_path()

    answer = visitor.get(path.replace("authorize/?", "authorize?"))

    assert answer.status == 307
    assert answer.headers["location"].endswith(path)


@pytest.mark.parametrize("state", ["%FF%FE", "%C3%A9", "a%2Bb%26c%3D", "%20", "", "%3Cscript%3E"])
def test_any_state_comes_back_unchanged(visitor: Visitor, state: str) -> None:
    """Byte for byte, also when it is no UTF-8."""
    path = authorize_path(state=None) + "&state=" + state
    page = visitor.get(path)
    answer = visitor.send("POST", path, b"decision=allow&person=mina", FORM)

    returned = urlsplit(answer.headers["location"]).query.rpartition("state=")[2]
    assert page.status == 200
    assert unquote_to_bytes(returned.replace("+", " ")) == unquote_to_bytes(state)


def test_without_a_state_none_comes_back(sandbox: Sandbox) -> None:
    """TikTok was not seen to require one."""
    assert "state" not in sandbox.authorize(authorize_path(state=None))


@given(
    st.dictionaries(
        st.sampled_from(
            ["client_key", "response_type", "scope", "redirect_uri", "state", "code_challenge"]
        ),
        st.one_of(
            st.text(max_size=20),
            st.sampled_from(
                [Sandbox.client_key, "code", "video.list", REDIRECT_URI, CHALLENGE, "S256"]
            ),
        ),
    )
)
def test_any_parameters_give_a_request_or_an_error(params: dict[str, str]) -> None:
    """Nothing else comes out, and an accepted redirect URI can stand in a header."""
    try:
        asked = read_request(EMPTY_WORLD, params)
    except AuthorizeError:
        return

    assert asked.redirect_uri.isascii()
    assert asked.redirect_uri.isprintable()


def test_a_browser_that_allowed_it_before_is_sent_back_at_once(guest: Visitor) -> None:
    """Its session remembers who; ``disable_auto_auth=1`` shows the page all the same."""
    first = decide(guest, "decision=allow&person=ha&scope=user.info.basic")
    guest.exchange(code=query(first)["code"])
    cookie = [("Cookie", first.headers["set-cookie"].partition(";")[0])]

    again = guest.send("GET", authorize_path(), None, cookie)
    asked = guest.send("GET", authorize_path(disable_auto_auth="1"), None, cookie)
    more = guest.send("GET", authorize_path(scope="video.list"), None, cookie)

    assert again.status == 302
    assert "code" in query(again)
    assert (asked.status, more.status) == (200, 200)
    assert 'value="ha" checked' in more.text


@pytest.mark.parametrize("cookie", ["sandbox_session=nobody", "sandbox_session", "\\x00=;;", "a=b"])
def test_a_session_of_nobody_is_none(guest: Visitor, cookie: str) -> None:
    """The page asks."""
    assert guest.send("GET", authorize_path(), None, [("Cookie", cookie)]).status == 200


def test_auto_approve_sends_the_browser_back_at_once(own_sandbox: Sandbox, guest: Visitor) -> None:
    """With everything, as the first person whom the app serves; nobody left means a page."""
    world = own_sandbox.world
    world.knobs = replace(world.knobs, auto_approve=True)
    world.people["mina"] = replace(world.people["mina"], status="banned")

    answer = guest.get(authorize_path(scope="video.list"))
    for person_id, person in world.people.items():
        world.people[person_id] = replace(person, status="deleted")

    assert query(answer)["scopes"] == "user.info.basic,video.list"
    assert guest.get(authorize_path()).status == 200
