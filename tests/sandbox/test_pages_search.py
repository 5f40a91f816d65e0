"""Finding a grant on the front page: all of them are searched, and come in pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.sandbox.front import Markup, press, show, still_sandbox
from tests.sandbox.visitor import authorize_path
from tiktok_oauth.sandbox.catalog import App
from tiktok_oauth.sandbox.glance import SHOWN, Search, glance
from tiktok_oauth.sandbox.http import Call
from tiktok_oauth.sandbox.mint import open_id

if TYPE_CHECKING:
    from tiktok_oauth.sandbox.serve import Sandbox


@pytest.fixture(scope="module")
def crowd() -> Sandbox:
    """A sandbox with one old grant behind two thousand newer ones."""
    sandbox = still_sandbox()
    sandbox.add_app(App("awother", "secret", "Other app"))
    sandbox.grant("mina")
    sandbox.populate(2_000, client_key="awother")
    return sandbox


@pytest.mark.parametrize("words", ["mina", "OKAFOR", "mina.makes", "demo", "sbawsand"])
def test_the_oldest_grant_is_found(crowd: Sandbox, words: str) -> None:
    """By person or app, however many are newer."""
    seen = glance(crowd, Search(words))

    assert [row.person.person_id for row in seen.grants] == ["mina"]
    assert seen.found == 1


def test_an_open_id_is_found_whole(crowd: Sandbox) -> None:
    """As it stands in somebody's log."""
    account = open_id("awother", "person-7")

    assert [row.open_id for row in glance(crowd, Search(account)).grants] == [account]
    assert glance(crowd, Search(account[:-1])).found == 0


@pytest.mark.slow
def test_many_come_in_pages_that_say_out_of_how_many(crowd: Sandbox) -> None:
    """Newest first, and nobody is left out."""
    pages = [glance(crowd, Search("other", page)) for page in range(1, 41)]

    assert {seen.found for seen in pages} == {2_000}
    numbers = [int(row.person.person_id[7:]) for seen in pages for row in seen.grants]
    assert numbers == list(range(2_000, 0, -1))
    assert glance(crowd, Search("other", 41)).grants == ()
    assert "51 to 100 of 2,000 found" in Markup(show(crowd, "q=other&page=2")).words


@pytest.mark.slow
def test_pages_lead_to_each_other(crowd: Sandbox) -> None:
    """With what was searched for, and not beyond the first and the last."""
    first, last = (
        [link for link in Markup(show(crowd, query)).values("href") if link and "page=" in link]
        for query in ("q=other", "q=other&page=40")
    )

    assert first == ["/?q=other&page=2#grants"]
    assert last == ["/?q=other&page=39#grants"]


@pytest.mark.parametrize("page", ["0", "-1", "x", "1e9", "\u0663", "9999999", ""])
def test_a_page_that_is_none_is_the_first(crowd: Sandbox, page: str) -> None:
    """Whatever stands in the address."""
    assert f"1 to {SHOWN} of 2,001" in Markup(show(crowd, f"page={page}")).words


def test_nothing_found_leads_back(crowd: Sandbox) -> None:
    """What was searched for stays in its field, as text."""
    page = Markup(show(crowd, "q=%22%3E%3Cb%3Enobody"))

    assert "No grant here. Show all grants." in page.words
    assert '"><b>nobody' in page.values("value")


def test_a_button_leaves_the_search_as_it_is(crowd: Sandbox) -> None:
    """The page comes back with the same rows."""
    answer = press(crowd, query="q=other&page=2", remove="slow")

    assert dict(answer.headers)[b"location"] == b"/?q=other&page=2#faults"


def test_the_consent_page_offers_the_first_of_many(crowd: Sandbox) -> None:
    """Fifty people, and a word on the others."""
    path, _, query = authorize_path().partition("?")
    page = Markup(crowd.respond(Call("GET", path, query.encode())))

    assert page.values("name").count("person") == SHOWN
    assert "1,954 more people are not listed" in page.words
