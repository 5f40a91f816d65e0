"""The stories of a login, without a framework around them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.vault import Town, World, in_memory
from tests.web.browser import REDIRECT_URI, make_client, query_of
from tiktok_oauth import ServerError
from tiktok_oauth.engine.run import run
from tiktok_oauth.web.desks import Desk
from tiktok_oauth.web.flow import Address, Visit
from tiktok_oauth.web.stories import LoginSettings, Stories

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def town() -> Iterator[Town]:
    """A blocking town."""
    place = Town(World(None), in_memory())
    yield place
    place.close()


def test_a_failed_callback_leaves_no_code_in_a_traceback(town: Town) -> None:
    """Frames of ours, printed with their variables, show neither code nor binding."""
    vault: Any = town.vault(make_client(town))
    stories: Stories[Any] = Stories(Desk(vault), LoginSettings(Address(REDIRECT_URI)))
    start = run(stories.start(Visit()))
    [cookie] = start.cookies
    query = town.callback(str(start.location))
    town.sandbox.fault("server_error", endpoint="exchange")

    with pytest.raises(ServerError) as failed:
        run(stories.callback(Visit(query=query, cookies={cookie.name: cookie.value})))

    frames = [entry.frame.f_locals for entry in failed.traceback if "/web/" in str(entry.path)]
    ours = [str(values) for values in frames if "query" not in values or "town" not in values]
    code = query_of(f"?{query}")["code"]
    assert len(ours) >= 2
    assert not [text for text in ours if code in text or cookie.value[-20:] in text]


def test_who_asks_for_a_page_always_sees_tiktoks(town: Town) -> None:
    """Unless the site leaves it to TikTok."""
    vault: Any = town.vault(make_client(town))
    settings = LoginSettings(Address(REDIRECT_URI), ask_always=False)
    start = run(Stories(Desk(vault), settings).start(Visit()))

    assert "disable_auto_auth" not in query_of(str(start.location))
