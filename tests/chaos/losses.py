"""Which accounts were lost, and the proof of why: marks, TikTok's ledger and the store compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from tests.chaos.marks import TO_KEEP, name_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from tests.chaos.arena import Truth
    from tests.chaos.ledger import Issue
    from tests.chaos.marks import Send, Sends

Why = Literal["dropped", "unread", "unsaved", "?"]
"""Why nobody has the refresh token that lives.

- ``dropped``: the sandbox dropped TikTok's answer after it had replaced the token;
- ``unread``: the sender was killed after that, before the answer's first byte was in its hands;
- ``unsaved``: it was killed with the answer in its hands, before the token was safe;
- ``?``: none of these, which must not be.
"""


class Evidence(NamedTuple):
    """What is known besides the store.

    Attributes:
        sends: every refresh, as its sender noted it.
        died: when processes were killed.
        issues: the last rotation of each account, as TikTok saw it.
    """

    sends: Sends
    died: Mapping[int, float]
    issues: Mapping[str, Issue]


def why(evidence: Evidence, open_id: str, kept: AbstractSet[bytes], truth: Truth | None) -> Why:
    """Why an account was lost.

    Args:
        evidence: marks and ledger.
        open_id: the account.
        kept: the names of the tokens that are kept, one of which bought the one that lives.
        truth: what TikTok knows of it; None once it has ended the grant, as it may when somebody
            looks for what was lost with the token before.
    """
    issue = evidence.issues[open_id]
    if truth is not None and issue.generation != truth.generation:
        return "?"
    if issue.delivered == "nothing":
        return "dropped"
    sends = evidence.sends.of(kept)
    living = None if truth is None else name_of(truth.sha256)
    came = [send for send in sends if send.got and send.got not in kept]
    if holders := [send for send in came if living in {None, send.got}]:
        return "unsaved" if all(_died_at_once(evidence, send) for send in holders) else "?"
    is_cut_off = any(send.ended is None and send.pid in evidence.died for send in sends)
    return "unread" if is_cut_off else "?"


def _died_at_once(evidence: Evidence, send: Send) -> bool:
    """Whether a sender was killed before its answer had to be safe."""
    ended, death = send.ended or 0.0, evidence.died.get(send.pid, float("inf"))
    return death <= ended + TO_KEEP
