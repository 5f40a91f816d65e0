"""Accounts over the API: listed, shown, refreshed, disconnected, and their tokens handed out."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient

from tests.service.api.conftest import SCOPES, Caller, problem_of
from tests.service.site import ORIGIN, app_settings
from tests.support.vault import HOUR, OTHER_APP, tokens_of
from tiktok_oauth.sandbox.catalog import DEFAULT_APP
from tiktok_oauth.service.app import create_app
from tiktok_oauth.service.clock import TokenClock, room_of
from tiktok_oauth.vault.stores.rows import Event, Ref

if TYPE_CHECKING:
    from tiktok_oauth import Sandbox
    from tiktok_oauth.service.office import Office
    from tiktok_oauth.service.settings import ServiceSettings

PEOPLE = ("mina", "jonas", "ha")


def test_an_account_is_shown_without_its_tokens(caller: Caller) -> None:
    """Times are whole Unix seconds."""
    account = caller.connect(user_id="u-1")

    shown = caller.get(f"/accounts/{account.open_id}", "read").json()

    assert shown == {
        "open_id": account.open_id,
        "client_key": DEFAULT_APP.client_key,
        "user_id": "u-1",
        "status": "active",
        "reason": None,
        "scopes": sorted(SCOPES),
        "connected_at": int(account.state.connected_at),
        "refreshed_at": int(account.state.refreshed_at),
        "expires_at": int(account.state.access_expires_at),
        "refresh_expires_at": int(account.state.refresh_expires_at),
        "trouble": None,
    }


def test_accounts_are_listed_page_by_page(caller: Caller) -> None:
    """Each once; the cursor of the page before leads on."""
    known = sorted(caller.connect(person).open_id for person in PEOPLE)

    first = caller.get("/accounts?limit=2").json()
    second = caller.get("/accounts", params={"limit": 2, "cursor": first["next"]}).json()

    listed = [account["open_id"] for page in (first, second) for account in page["accounts"]]
    assert listed == known
    assert second["next"] is None


@pytest.mark.slow
def test_a_list_can_be_narrowed(caller: Caller) -> None:
    """By status, by your own names for people, by app, and by how names begin."""
    mina, jonas = caller.connect("mina", user_id="u-1"), caller.connect("jonas", user_id="w-2")
    caller.call("DELETE", f"/accounts/{jonas.open_id}")

    def found(**params: str) -> list[str]:
        return [one["open_id"] for one in caller.get("/accounts", params=params).json()["accounts"]]

    assert found(status="active") == found(user_id="u-1") == found(prefix="u-") == [mina.open_id]
    assert found(status="disconnected") == [jonas.open_id]
    assert found(status="refresh_due") == found(user_id="nobody") == []
    assert len(found(client_key=DEFAULT_APP.client_key)) == 2
    problem_of(caller.get("/accounts?client_key=awunknown"), 400)


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1&limit=2", "status=asleep", "clientkey=x", "cursor=x", "cursor=é"]
)
def test_a_query_is_read_strictly(caller: Caller, query: str) -> None:
    """A typing error is told, not passed over."""
    problem = problem_of(caller.get(f"/accounts?{query}"), 400)

    assert (problem["code"], problem["action"]) == ("VALIDATION_ERROR", "fail")


def test_a_token_comes_with_its_end(caller: Caller) -> None:
    """It works at TikTok, and no cache may keep it."""
    account = caller.connect()

    answer = caller.get(f"/accounts/{account.open_id}/token", "token")

    token = answer.json()
    assert answer.headers["cache-control"] == "no-store"
    assert token["token_type"] == "Bearer"
    assert token["expires_at"] == int(account.state.access_expires_at)
    assert 7190 <= token["expires_in"] <= 7200
    assert token["scopes"] == sorted(SCOPES, key=token["scopes"].index)
    client = caller.office.clients[DEFAULT_APP.client_key]
    profile = caller.run(client.get_user_info, token["access_token"])
    assert profile.open_id == account.open_id == token["open_id"]


def test_a_token_is_refreshed_in_time(caller: Caller) -> None:
    """After hours, and also when somebody asks for it."""
    account = caller.connect()
    path = f"/accounts/{account.open_id}"
    first = caller.get(f"{path}/token").json()
    caller.advance(3 * HOUR)

    second = caller.get(f"{path}/token").json()
    refreshed = caller.call("POST", f"{path}/refresh", "token").json()
    third = caller.get(f"{path}/token").json()

    assert len({one["access_token"] for one in (first, second, third)}) == 3
    assert first["expires_at"] < second["expires_at"] <= third["expires_at"]
    assert refreshed["expires_at"] == third["expires_at"]


class LookingClock(TokenClock):
    """A clock that is looked at whenever somebody asks: later than the vault's own looks."""

    def __call__(self) -> float:
        """What time it is, by TikTok."""
        with ThreadPoolExecutor(1) as elsewhere:  # It blocks, and the event loop asks.
            elsewhere.submit(self.look).result()
        return super().__call__()


@pytest.mark.parametrize("past", [0.5, HOUR])
def test_a_token_that_ends_while_it_is_handed_out_is_replaced(
    unclosed_office: Office, sandbox: Sandbox, past: float
) -> None:
    """A sandbox's clock may move between the vault's decision and the answer, or work may wait."""
    office = replace(unclosed_office, clock=LookingClock(room_of(unclosed_office.vault)))
    with TestClient(create_app(office), base_url=ORIGIN) as http:
        caller = Caller(http, office, sandbox)
        path = f"/accounts/{caller.connect().open_id}/token"
        ends_at = caller.get(path).json()["expires_at"]
        sandbox.advance(ends_at + past - sandbox.now())

        assert caller.get(path).json()["expires_in"] > HOUR


@pytest.mark.slow
def test_a_profile_is_what_tiktok_tells_now(caller: Caller) -> None:
    """Only what was asked for and granted is in it."""
    account = caller.connect()
    path = f"/accounts/{account.open_id}/user"

    assert set(caller.get(path, "read").json()) >= {"open_id", "display_name"}
    some = caller.get(f"{path}?fields=open_id,username").json()
    assert set(some) == {"open_id", "username"}
    problem_of(caller.get(f"{path}?fields=shoe_size"), 400)


@pytest.mark.slow
def test_a_scope_that_was_not_granted_comes_with_the_way_to_it(caller: Caller) -> None:
    """Its owner follows a link that asks for it, on top of what there is."""
    account = caller.connect()

    answer = caller.get(f"/accounts/{account.open_id}/user?fields=follower_count")

    problem = problem_of(answer, 401)
    assert problem["type"].endswith(":scope-missing")
    assert problem["missing"] == ["user.info.stats"]
    assert problem["login_url"].startswith(f"{caller.office.settings.public_url}/connect/")
    assert "www-authenticate" in answer.headers
    page = caller.http.get(problem["login_url"])
    assert page.status_code == 200


def test_an_account_that_is_lost_comes_with_the_way_back(caller: Caller) -> None:
    """Nothing but its owner brings it back."""
    account = caller.connect()
    ref = Ref(account.client_key, account.open_id)
    grant = caller.office.store.get(ref)
    assert grant is not None
    told = Event(caller.office.clock(), "authorization_removed")
    assert caller.office.store.forsake(ref, grant.gen, "needs_login", "revoked", told)

    problem = problem_of(caller.get(f"/accounts/{account.open_id}/token"), 401)
    assert (problem["code"], problem["action"]) == ("INVALID_TOKEN", "fail")
    assert problem["retryable"] is False
    assert "/connect/" in problem["login_url"]
    assert caller.get(f"/accounts/{account.open_id}").json()["status"] == "needs_login"


def test_disconnecting_forgets_the_tokens(caller: Caller) -> None:
    """Again is no mistake; with erase nothing at all is left."""
    account = caller.connect()
    path = f"/accounts/{account.open_id}"

    assert [caller.call("DELETE", path).status_code for _ in range(2)] == [204, 204]
    assert caller.get(path).json()["status"] == "disconnected"
    problem_of(caller.get(f"{path}/token"), 401)
    assert caller.call("DELETE", f"{path}?erase=true").status_code == 204
    problem_of(caller.get(path), 404)


@pytest.mark.parametrize(
    ("method", "end"),
    [
        ("GET", ""),
        ("DELETE", ""),
        ("GET", "/token"),
        ("POST", "/refresh"),
        ("GET", "/user"),
        ("GET", "/proxy/v2/video/list/"),
    ],
)
def test_an_account_that_nobody_has_is_not_found(caller: Caller, method: str, end: str) -> None:
    """By any of its addresses."""
    problem = problem_of(caller.call(method, f"/accounts/nobody{end}"), 404)

    assert problem["type"].endswith(":unknown-account")
    assert problem["code"] == "VALIDATION_ERROR"


class TestTwoApps:
    """One open_id under two apps."""

    @pytest.fixture
    def settings(self, settings: ServiceSettings, sandbox: Sandbox) -> ServiceSettings:
        """A service of two apps."""
        sandbox.add_app(OTHER_APP)
        return replace(settings, apps=(app_settings(), app_settings(OTHER_APP)))

    def test_the_app_has_to_be_named(self, caller: Caller) -> None:
        """Where there are two, neither is guessed."""
        given = caller.connect()
        tokens = caller.sandbox.grant("mina", SCOPES, client_key=OTHER_APP.client_key)
        other = replace(tokens_of(tokens), open_id=given.open_id)
        caller.run(caller.office.vault.adopt, other, client_key=OTHER_APP.client_key)

        for end in ("", "/token"):
            path = f"/accounts/{given.open_id}{end}"
            assert problem_of(caller.get(path), 409)["type"].endswith(":ambiguous-account")
            named = caller.get(path, params={"client_key": OTHER_APP.client_key}).json()
            assert named["client_key"] == OTHER_APP.client_key

    def test_what_is_there_once_needs_no_name(self, caller: Caller) -> None:
        """Whichever app it is."""
        account = caller.connect(app=OTHER_APP)

        token = caller.get(f"/accounts/{account.open_id}/token").json()
        assert token["client_key"] == OTHER_APP.client_key
        problem_of(caller.get("/accounts/nobody/token"), 404)
