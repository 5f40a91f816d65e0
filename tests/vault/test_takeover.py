"""How long a claim is waited for whose holder nobody can ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiktok_oauth.vault.stores.rows import Claim

if TYPE_CHECKING:
    from tests.support.vault import Town

QUARTER_OF_AN_HOUR = 900.0


def test_a_claim_of_elsewhere_is_waited_for_a_quarter_of_an_hour(town: Town) -> None:
    """A request of a vault that stands still may be under way: only then it is taken over."""
    account = town.connect(town.vault())
    grant = town.row(account)
    elsewhere = Claim(grant.ref, grant.gen, grant.ver, "a1", "elsewhere", town.clock.now(), 0.0)
    assert town.store.claim([elsewhere]) != [None]

    # Whoever asks waits for two minutes at most.
    town.clock.advance(QUARTER_OF_AN_HOUR - 150)
    assert town.refused(account.refresh).retryable
    assert town.refreshes == 0

    town.clock.advance(150)
    town.do(account.refresh)
    assert town.refreshes == 1
