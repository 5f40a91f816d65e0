"""What a browser keeps for a site, and cannot change."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiktok_oauth import ValidationError
from tiktok_oauth.web.flow import Address, Visit, Visitor
from tiktok_oauth.web.signing import (
    FORM_FIELD,
    SESSION_LIFETIME,
    Signer,
    check_form,
    form_token,
    read_session,
    session_cookie,
    session_name,
)

ADDRESS = Address("https://app.example/tiktok/callback")
OLD, NEW = "o" * 32, "n" * 32
SIGNER = Signer(NEW)
VISITOR = Visitor("a-client-key", "öpen-id")


def visit_with(value: str) -> Visit:
    """A visit that brings a session along."""
    return Visit(cookies={session_name(ADDRESS): value})


def test_a_session_tells_who_is_here_for_thirty_days() -> None:
    """And not a second longer."""
    value = session_cookie(SIGNER, ADDRESS, VISITOR, now=1_000.0).value
    end = 1_000.0 + SESSION_LIFETIME

    assert read_session(SIGNER, ADDRESS, visit_with(value), now=end - 1) == VISITOR
    assert read_session(SIGNER, ADDRESS, visit_with(value), now=end) is None


def test_no_two_sessions_are_alike() -> None:
    """Nobody can prepare one for somebody else to log in with."""
    values = {session_cookie(SIGNER, ADDRESS, VISITOR, now=1.0).value for _ in range(100)}

    assert len(values) == 100


@given(st.data())
def test_a_session_that_was_changed_is_none(data: st.DataObject) -> None:
    """A byte more, less or other, anywhere."""
    value = session_cookie(SIGNER, ADDRESS, VISITOR, now=1.0).value
    place = data.draw(st.integers(0, len(value) - 1))
    letter = data.draw(st.characters().filter(lambda c: c != value[place]))
    changed = (value[:place] + letter + value[place + 1 :], value[:place], value + letter)

    for wrong in changed:
        assert read_session(SIGNER, ADDRESS, visit_with(wrong), now=2.0) is None


@given(st.text())
def test_a_made_up_session_is_none(text: str) -> None:
    """Without an exception, whatever it is."""
    assert read_session(SIGNER, ADDRESS, visit_with(text), now=2.0) is None


def test_a_key_can_be_changed() -> None:
    """What the old one has signed counts while it is named behind the new one."""
    value = session_cookie(Signer(OLD), ADDRESS, VISITOR, now=1.0).value
    visit = visit_with(value)

    assert read_session(Signer([NEW, OLD]), ADDRESS, visit, now=2.0) == VISITOR
    assert read_session(Signer(NEW), ADDRESS, visit, now=2.0) is None


@pytest.mark.parametrize("keys", ["", "short", [], [NEW, "short"], [b"n" * 32]])
def test_a_key_has_to_be_long(keys: object) -> None:
    """One that can be guessed signs nothing."""
    with pytest.raises(ValidationError, match="at least 32 characters"):
        Signer(keys)  # type: ignore[arg-type]  # wrong on purpose


def test_a_signature_is_good_for_one_purpose() -> None:
    """A form's token is no session."""
    signature = SIGNER.seal("one", "text")

    assert SIGNER.is_sealed("one", "text", signature)
    assert not SIGNER.is_sealed("other", "text", signature)


def test_a_form_needs_the_token_of_its_browser() -> None:
    """The cookie and the field have to belong together."""
    token, cookie = form_token(SIGNER, ADDRESS, Visit())
    assert cookie is not None
    cookies = {cookie.name: cookie.value}
    again, nothing = form_token(SIGNER, ADDRESS, Visit(cookies=cookies))
    _, other = form_token(SIGNER, ADDRESS, Visit())
    assert other is not None

    assert (again, nothing) == (token, None)
    check_form(SIGNER, ADDRESS, Visit(cookies=cookies, form={FORM_FIELD: token}))
    for visit in (
        Visit(cookies=cookies),
        Visit(form={FORM_FIELD: token}),
        Visit(cookies={other.name: other.value}, form={FORM_FIELD: token}),
        Visit(cookies={cookie.name: ""}, form={FORM_FIELD: SIGNER.seal("tiktok-form", "")}),
        Visit(cookies=cookies, form={FORM_FIELD: token}, headers={"sec-fetch-site": "same-site"}),
    ):
        with pytest.raises(ValidationError) as refused:
            check_form(SIGNER, ADDRESS, visit)
        assert refused.value.status_code == 403
