"""A store does what the smallest model of one account does, in any order of events."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.vault.made import (
    ANNA,
    MINE,
    NOW,
    OTHER,
    boot,
    claim,
    consent,
    event,
    read,
    renewed,
    settled,
)
from tiktok_oauth.vault.stores.memory import memory_store

if TYPE_CHECKING:
    from tiktok_oauth.vault.stores.rows import Grant

BOOTS = st.sampled_from([MINE, OTHER])


class Account(msgspec.Struct, frozen=True):
    """What the model knows of the account."""

    gen: int = 0
    ver: int = 0
    granted_at: float = 0.0
    refresh: bytes | None = None
    parent: bytes | None = None
    attempt: str | None = None
    boot: str | None = None
    doubt: bool = False


class OneAccount(RuleBasedStateMachine):
    """Consents, claims and their ends, made from any state that was ever read."""

    def __init__(self) -> None:
        super().__init__()
        self.store = memory_store()
        self.model = Account()
        self.begun: set[str] = set()
        self.ended: set[str] = set()
        self.read: list[Grant] = []
        self.count = 0

    def name(self) -> str:
        """A name that was never used."""
        self.count += 1
        return str(self.count)

    def change(self, **changes: object) -> None:
        """What the model knows from now on."""
        self.model = msgspec.structs.replace(self.model, **changes)

    @rule(later=st.integers(-1, 1), ahead=st.integers(0, 2))
    def consents(self, later: int, ahead: int) -> None:
        """Somebody consents, perhaps earlier than the consent that stands."""
        first = self.model.gen == 0
        gen = 1 if first else self.model.gen + ahead
        at = max(1.0, self.model.granted_at + later)
        due = first or (ahead == 1 and at >= self.model.granted_at)

        assert self.store.consent(consent(gen=gen, at=at)) == due
        if due:
            refresh = f"refresh anna {gen}".encode()
            self.model = Account(gen, 1, at, refresh)

    @rule(boot_name=BOOTS)
    def begins(self, boot_name: str) -> None:
        """A vault starts."""
        self.store.begin_boot(boot(boot_name))
        self.begun.add(boot_name)

    @rule(boot_name=BOOTS)
    def ends(self, boot_name: str) -> None:
        """A vault is over."""
        self.store.end_boot(boot_name, "")
        self.ended |= {boot_name} & self.begun

    @precondition(lambda self: self.read)
    @rule(data=st.data(), boot_name=BOOTS, patience=st.sampled_from([0.0, 900.0]))
    def claims(self, data: st.DataObject, boot_name: str, patience: float) -> None:
        """A vault claims the account as it once read it."""
        seen, attempt = data.draw(st.sampled_from(self.read)), self.name()
        held = self.model.boot
        free = held in {None, boot_name} or not patience or held in self.ended
        due = (seen.gen, seen.ver) == (self.model.gen, self.model.ver) and free
        due = due and self.model.refresh is not None
        change = claim(seen, attempt, boot_name, patience=patience)

        assert (self.store.claim([change]) != [None]) == due
        if due:
            doubt = self.model.doubt or held is not None
            self.change(attempt=attempt, boot=boot_name, doubt=doubt)

    @precondition(lambda self: self.read)
    @rule(data=st.data())
    def renews(self, data: st.DataObject) -> None:
        """An answer comes that was bought with a token that once stood."""
        seen, name = data.draw(st.sampled_from(self.read)), self.name()
        due = (seen.gen, seen.refresh) == (self.model.gen, self.model.refresh)
        due = due and self.model.refresh is not None

        change = renewed(seen, name)
        is_others = self.model.attempt not in {None, change.attempt}

        assert self.store.renew([change]) == [due]
        if due:
            parent = self.model.refresh if self.model.doubt or is_others else None
            new = f"refresh {name}".encode()
            self.model = Account(
                self.model.gen, self.model.ver + 1, self.model.granted_at, new, parent
            )

    @precondition(lambda self: self.read)
    @rule(data=st.data(), doubt_at=st.sampled_from([None, NOW]))
    def settles(self, data: st.DataObject, doubt_at: float | None) -> None:
        """A vault says how a claim ended that it once had."""
        seen = data.draw(st.sampled_from(self.read))
        state = (self.model.gen, self.model.ver, self.model.attempt, self.model.boot)
        due = (seen.gen, seen.ver, seen.attempt, seen.boot) == state and seen.boot is not None
        change = settled(seen, doubt_at=doubt_at, not_before=0.0)

        assert self.store.settle([change]) == [due]
        if due:
            self.change(attempt=None, boot=None, doubt=doubt_at is not None)
        elif doubt_at and (seen.gen, seen.ver) == state[:2] and self.model.refresh is not None:
            self.change(doubt=True)  # Its claim is forgotten, and not that it has asked.

    @rule(behind=st.integers(0, 1))
    def disconnects(self, behind: int) -> None:
        """Somebody takes the consent back, or one before."""
        due = self.model.gen > 0 and behind == 0

        assert self.store.disconnect(ANNA, self.model.gen - behind, event()) == due
        if due:
            self.change(refresh=None, parent=None, attempt=None, boot=None, doubt=False)

    @invariant()
    def agree(self) -> None:
        """The row says what the model says."""
        if self.model.gen == 0:
            assert self.store.get(ANNA) is None
            return
        grant = read(self.store)
        self.read.append(grant)
        found = Account(
            grant.gen,
            grant.ver,
            grant.granted_at,
            grant.refresh,
            grant.parent,
            grant.attempt,
            grant.boot,
            grant.doubt_at is not None,
        )
        assert found == self.model

    def teardown(self) -> None:
        """Let go of the store."""
        self.store.close()


@pytest.mark.slow
def test_an_account_follows_its_model() -> None:
    """Every write is granted or refused as the model says, and the row agrees after each."""
    run_state_machine_as_test(OneAccount, settings=settings(stateful_step_count=20))
