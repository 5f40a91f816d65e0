"""Why an account was lost: the other judge of the campaigns, on marks that were really made."""

from __future__ import annotations

import hashlib
import os
import time
from typing import TYPE_CHECKING

import pytest

from tests.chaos.arena import Truth
from tests.chaos.ledger import Issue
from tests.chaos.losses import Evidence, why
from tests.chaos.marks import Marks, Sends, name_of_token

if TYPE_CHECKING:
    from pathlib import Path

    from tests.chaos.losses import Why

_LIVING = Truth(1, hashlib.sha256(b"new").hexdigest())
_ENDED = None
_AT_ONCE, _LATER, _NEVER = 0.0, 2.0, float("inf")


@pytest.mark.parametrize("truth", [_LIVING, _ENDED])
@pytest.mark.parametrize(
    ("got", "delivered", "killed", "reason"),
    [
        ("answer", "whole", _AT_ONCE, "unsaved"),
        ("answer", "whole", _LATER, "?"),
        ("answer", "whole", _NEVER, "?"),
        ("nothing", "whole", _AT_ONCE, "unread"),
        ("nothing", "whole", _NEVER, "?"),
        ("failure", "nothing", _NEVER, "dropped"),
        ("failure", "whole", _NEVER, "?"),
    ],
)
def test_a_loss_is_proven_by_marks_and_ledger_or_has_no_good_reason(
    tmp_path: Path, got: str, delivered: str, killed: float, reason: Why, truth: Truth | None
) -> None:
    """Whether the grant still lives, or TikTok ended it when it was looked for later."""
    marks, sends = Marks(tmp_path / "marks"), Sends(tmp_path / "marks")
    sent = marks.sent(b"grant_type=refresh_token&refresh_token=old")
    if got == "answer":
        marks.answered(sent, b'{"refresh_token": "new"}')
    elif got == "failure":
        marks.failed(sent)
    sends.read()
    died = {os.getpid(): time.monotonic() + killed}
    evidence = Evidence(sends, died if killed < _NEVER else {}, {"one": Issue(1, 0.0, delivered)})

    assert why(evidence, "one", {name_of_token("old")}, truth) == reason


def test_tokens_of_another_rotation_than_the_last_that_was_seen_prove_nothing(
    tmp_path: Path,
) -> None:
    """Then somebody has rotated whom no mark and no ledger knows."""
    evidence = Evidence(Sends(tmp_path / "marks"), {}, {"one": Issue(2, 0.0, "nothing")})

    assert why(evidence, "one", {name_of_token("old")}, _LIVING) == "?"
