"""Whatever happens in whatever order, the world keeps its word."""

from __future__ import annotations

import random
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from tiktok_oauth.sandbox.catalog import DEFAULT_APP
from tiktok_oauth.sandbox.world import Consent, OAuthRefusal, TokenSet, World

REDIRECT_URI = "https://app.example/callback"


class Step(NamedTuple):
    """One thing somebody does; ``pick`` chooses among what there is to do it with."""

    action: str
    pick: int
    seconds: int


steps = st.lists(
    st.builds(
        Step,
        st.sampled_from(["consent", "exchange", "refresh", "revoke", "wait"]),
        st.integers(0, 7),
        st.sampled_from([0, 1, 299, 300, 7_199, 7_200, 86_400, 15_551_999]),
    ),
    max_size=20,
)


class Story:
    """Plays steps, and keeps what ought to be dead by now."""

    def __init__(self) -> None:
        self.world = World(random.Random(0))  # noqa: S311 - a toy world
        self.now = 1_795_000_000.0
        self.codes: list[str] = []
        self.issued: list[TokenSet] = []
        self.spent_codes: set[str] = set()
        self.spent_tokens: set[str] = set()

    def play(self, step: Step) -> None:
        """Do what the step says."""
        getattr(self, step.action)(step)

    def wait(self, step: Step) -> None:
        """Let time pass."""
        self.now += step.seconds

    def consent(self, step: Step) -> None:
        """Let one of two people allow the app."""
        person = ("mina", "ha")[step.pick % 2]
        consent = Consent(DEFAULT_APP.client_key, person, ("video.list",), REDIRECT_URI)
        self.codes.append(self.world.consent(self.now, consent))

    def exchange(self, step: Step) -> None:
        """Exchange any code there ever was."""
        if not self.codes:
            return
        code = self.codes[step.pick % len(self.codes)]
        try:
            tokens = self.world.exchange(
                self.now, DEFAULT_APP, code, redirect_uri=REDIRECT_URI, verifier=None
            )
        except OAuthRefusal:
            return
        assert code not in self.spent_codes
        self.spent_codes.add(code)
        self.issued.append(tokens)

    def refresh(self, step: Step) -> None:
        """Refresh with any token there ever was."""
        if not self.issued:
            return
        before = self.issued[step.pick % len(self.issued)]
        try:
            after = self.world.refresh(
                self.now, DEFAULT_APP, self.world.mint.open("rft", before.refresh_token)
            )
        except OAuthRefusal:
            return
        assert before.refresh_token not in self.spent_tokens
        assert after.scope == before.scope
        assert after.open_id == before.open_id
        assert after.refresh_expires_in <= before.refresh_expires_in
        self.spent_tokens.add(before.refresh_token)
        self.issued.append(after)

    def revoke(self, step: Step) -> None:
        """Revoke any token there ever was."""
        if not self.issued:
            return
        tokens = self.issued[step.pick % len(self.issued)]
        try:
            self.world.revoke(self.now, DEFAULT_APP, tokens.access_token)
        except OAuthRefusal:
            return
        gone = [t for t in self.issued if t.open_id == tokens.open_id]
        self.spent_tokens.update(t.refresh_token for t in gone)
        assert all(self.world.bearer(self.now, t.access_token) is None for t in gone)


@given(steps)
def test_nothing_works_twice(story: list[Step]) -> None:
    """A code is spent once, a dead refresh token stays dead, and a grant has one that lives."""
    player = Story()
    for step in story:
        player.play(step)
    grants = player.world.counts()["grants"]
    issued = len(player.issued)

    for pick in range(issued):
        player.refresh(Step("refresh", pick, 0))

    assert len(player.issued) - issued <= grants
