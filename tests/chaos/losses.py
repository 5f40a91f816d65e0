"""Which accounts were lost, and the proof of why: marks, TikTok's ledger and the store compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from tests.chaos.marks import name_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from tests.chaos.arena import Truth
    from tests.chaos.ledger import Issue
    from tests.chaos.marks import Sends

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


def why(evidence: Evidence, open_id: str, kept: AbstractSet[bytes], truth: Truth) -> Why:
    """Why an account was lost.

    Args:
        evidence: marks and ledger.
        open_id: the account.
        kept: the names of the tokens that are kept, one of which bought the one that lives.
        truth: what TikTok knows of it.
    """
    name, issue = name_of(truth.sha256), evidence.issues[open_id]
    if issue.generation != truth.generation:
        return "?"
    if issue.delivered == "nothing":
        return "dropped"
    sends = evidence.sends.of(kept)
    if holders := [send.pid for send in sends if send.got == name]:
        return "unsaved" if all(pid in evidence.died for pid in holders) else "?"
    is_cut_off = any(send.ended is None and send.pid in evidence.died for send in sends)
    return "unread" if is_cut_off else "?"
