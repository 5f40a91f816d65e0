"""What is told of an account: its status now, and which scopes a call would need."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_type_hints

import pytest

from tests.support.vault import HOUR
from tiktok_oauth import AccountState, VaultKeyError

if TYPE_CHECKING:
    from tests.support.vault import Town


@pytest.mark.parametrize(
    ("ago", "status"), [(0, "active"), (1.9, "active"), (2, "refresh_due"), (24, "refresh_due")]
)
def test_an_account_whose_token_has_ended_is_due(town: Town, ago: float, status: str) -> None:
    """``refresh_due`` says that the next caller waits for a refresh."""
    account = town.connect(town.vault())
    town.clock.advance(ago * HOUR)

    assert town.do(account.reload).status == status


def test_an_account_that_cannot_be_decrypted_is_blocked(town: Town) -> None:
    """Another program seals with a key that this one does not have: it says so, and goes on."""
    older = town.vault()
    known = town.connect(older, "jonas")
    newer = town.vault(keys=town.keys.with_new("k2").promote("k2"))
    sealed = town.connect(newer, "mina")
    before = town.row(sealed)

    found = town.do(older.account, sealed.open_id)

    assert (found.status, found.reason) == ("blocked", None)
    for method in (found.access_token, found.refresh):
        assert isinstance(town.refused(method), VaultKeyError)
    assert town.row(sealed) == before
    assert town.accepts(town.do(known.access_token))
    assert town.do(newer.account, sealed.open_id).status == "active"


def test_a_state_is_a_typed_frozen_value(town: Town) -> None:
    """It can be compared, and its types can be read at run time."""
    account = town.connect(town.vault())

    assert account.state == town.do(account.reload)
    assert "status" in get_type_hints(AccountState)
    with pytest.raises(AttributeError):
        account.state.status = "active"
