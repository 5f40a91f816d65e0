"""Calls with an account: a refused token is renewed once, a missing scope is said."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.vault import SCOPES
from tiktok_oauth import RateLimitError, ScopeError, TokenExpiredError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.vault import Town


def test_user_info_comes_with_the_accounts_token(town: Town) -> None:
    """The person's profile, with the fields that are asked for."""
    account = town.connect(town.vault())

    default = town.do(account.user_info)
    some = town.do(account.user_info, ["open_id", "username"])

    assert default.open_id == some.open_id == account.open_id
    assert default.display_name
    assert some.username


def test_any_endpoint_can_be_called(town: Town) -> None:
    """``request`` reaches every v2 endpoint with the account's token."""
    account = town.connect(town.vault())

    answer = town.do(
        account.request, "POST", "/v2/video/list/", params={"fields": "id"}, json={"max_count": 2}
    )

    assert len(answer["videos"]) == 2


@pytest.mark.parametrize("method", ["user_info", "request"])
def test_a_token_that_tiktok_refuses_is_renewed_once(town: Town, method: str) -> None:
    """The call is made again with the new token; the caller notices nothing."""
    account = town.connect(town.vault())
    town.sandbox.fault("token_expired", endpoint="user_info", count=1)

    if method == "user_info":
        town.do(account.user_info)
    else:
        town.do(account.request, "GET", "/v2/user/info/", params={"fields": "open_id"})

    assert [call.outcome for call in town.calls("user_info")] == ["access_token_invalid", "ok"]
    assert town.refreshes == 1


def test_a_token_that_is_refused_twice_is_not_renewed_for_ever(town: Town) -> None:
    """The second refusal goes out."""
    account = town.connect(town.vault())
    town.sandbox.fault("token_expired", endpoint="user_info")

    error = town.refused(account.user_info)

    assert isinstance(error, TokenExpiredError)
    assert (len(town.calls("user_info")), town.refreshes) == (2, 1)


def test_a_token_that_somebody_has_renewed_is_not_renewed_again(town: Town) -> None:
    """After a refusal the store is read first: the new token may be there already."""
    account = town.connect(town.vault())
    token = town.do(account.access_token)
    town.sandbox.turn(old_access_dies=True)
    town.do(town.do(town.vault().account, account.open_id).refresh)

    town.do(account.user_info)

    assert [call.outcome for call in town.calls("user_info")] == ["access_token_invalid", "ok"]
    assert town.refreshes == 1
    assert town.do(account.access_token) != token


def videos(account: Any) -> Callable[[], Any]:  # noqa: ANN401 - of either kind
    """A call for an account's videos."""
    return partial(account.request, "POST", "/v2/video/list/", params={"fields": "id"}, json={})


def test_a_call_whose_scope_is_missing_says_which(town: Town) -> None:
    """A 401, and no reason to refresh. TikTok names no scope; the error does, and asks for it."""
    vault = town.vault()
    account = town.do(vault.adopt, town.tokens(scopes=["user.info.basic"]))

    error = town.refused(videos(account))

    assert isinstance(error, ScopeError)
    assert error.tiktok_code == "scope_not_authorized"
    assert (len(town.calls("video_list")), town.refreshes) == (1, 0)
    assert error.missing == frozenset({"video.list"})
    assert error.login is not None
    assert error.login.url in error.hint
    town.do(vault.finish_login, town.callback(error.login.url), error.login.binding)
    assert town.do(videos(account))


def test_where_nobody_knows_what_was_granted_tiktok_is_asked(town: Town) -> None:
    """Tokens from elsewhere may come without their scopes."""
    account = town.do(town.vault().adopt, replace(town.tokens(), scope=""))

    assert town.do(account.user_info, ["bio_description"]).bio_description is not None


@pytest.mark.parametrize("path", ["/v2/video/list/", None])
def test_a_refusal_tells_the_scope_where_nobody_knew_what_was_granted(
    town: Town, path: str | None
) -> None:
    """A field's and an endpoint's; the login asks for the client's own scopes as well."""
    vault = town.vault(town.client(scopes=["user.info.basic", "user.info.stats"]))
    given = replace(town.tokens(scopes=["user.info.basic"]), scope="")
    account = town.do(vault.adopt, given)

    if path is None:
        error = town.refused(account.user_info, ["display_name", "bio_description"])
    else:
        error = town.refused(account.request, "POST", path, params={"fields": "id"}, json={})

    assert isinstance(error, ScopeError)
    missing = "user.info.profile" if path is None else "video.list"
    assert error.missing == frozenset({missing})
    assert error.login is not None
    assert error.login.url in error.hint
    asked = parse_qs(urlsplit(error.login.url).query)["scope"][0].split(",")
    assert set(asked) == {"user.info.basic", "user.info.stats", missing}


def test_a_missing_scope_is_told_where_no_login_can_be_begun(town: Town) -> None:
    """A worker has no redirect URI: it hears which scope is missing, and has no URL for it."""
    account = town.do(town.vault().adopt, town.tokens(scopes=["user.info.basic"]))
    worker = town.vault(town.client(redirect_uri=None))
    account = town.do(worker.account, account.open_id)

    for call in (
        partial(account.user_info, ["bio_description"]),
        videos(account),
    ):
        error = town.refused(call)
        assert isinstance(error, ScopeError)
        assert len(error.missing) == 1
        assert error.login is None


def test_a_scope_that_is_refused_though_granted_is_not_asked_for_again(town: Town) -> None:
    """A product that the app does not have is refused so as well: no login would mend that."""
    tokens = replace(town.tokens(scopes=["user.info.basic"]), scope="user.info.basic,video.list")
    account = town.do(town.vault().adopt, tokens)

    error = town.refused(videos(account))

    assert isinstance(error, ScopeError)
    assert (error.missing, error.login) == (frozenset(), None)


@pytest.mark.parametrize("fields", [["open_id", "bio_description"], "open_id, bio_description"])
def test_a_field_whose_scope_is_missing_says_which(town: Town, fields: object) -> None:
    """TikTok is not asked; the error holds a login that asks for the scope, for this person."""
    vault = town.vault()
    account = town.do(vault.adopt, town.tokens(scopes=["user.info.basic"]), user_id="u-1")

    error = town.refused(account.user_info, fields)

    assert isinstance(error, ScopeError)
    assert error.missing == frozenset({"user.info.profile"})
    assert not town.calls("user_info")
    assert error.login is not None
    assert error.login.url in error.hint
    result = town.do(vault.finish_login, town.callback(error.login.url), error.login.binding)
    assert result.account.open_id == account.open_id
    assert town.do(result.account.user_info, fields).bio_description is not None


def test_a_scope_that_was_granted_since_is_not_missing(town: Town) -> None:
    """An account object that is older than a consent reads the account again before it refuses."""
    vault = town.vault()
    account = town.do(vault.adopt, town.tokens(scopes=["user.info.basic"]))
    town.clock.advance(1)
    town.do(vault.adopt, town.tokens())

    profile = town.do(account.user_info, ["bio_description"])

    assert profile.open_id == account.open_id
    assert account.scopes == frozenset(SCOPES)


def test_a_call_that_fails_otherwise_is_the_callers(town: Town) -> None:
    """Too many requests are no reason to touch the token."""
    account = town.connect(town.vault())
    town.sandbox.fault("rate_limited", endpoint="user_info", retry_after=60)

    error = town.refused(account.user_info)

    assert isinstance(error, RateLimitError)
    assert error.retry_after == 60
    assert town.refreshes == 0
