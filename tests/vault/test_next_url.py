"""Where a person goes after a login: a path of the site's own, whatever somebody put in a link."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.addresses import ELSEWHERE, HERE
from tiktok_oauth import LoginStart, ValidationError

if TYPE_CHECKING:
    from tests.support.vault import Town


@pytest.mark.slow
def test_nothing_that_could_lead_elsewhere_is_kept(town: Town) -> None:
    """Hosts, schemes, encoded slashes, control characters: all are refused."""
    vault = town.vault()
    taken = []

    for next_url in ELSEWHERE:
        try:
            town.do(vault.begin_login, next_url=next_url)
        except ValidationError:
            continue
        taken.append(next_url)

    assert taken == []
    assert len(ELSEWHERE) >= 60


def test_paths_of_the_site_are_kept_as_they_are(town: Town) -> None:
    """A path with query and fragment comes back unchanged."""
    vault = town.vault()

    for next_url in HERE:
        start = town.do(vault.begin_login, next_url=next_url)
        assert isinstance(start, LoginStart)
        result = town.do(vault.finish_login, town.callback(start.url), start.binding)
        assert result.next_url == next_url
