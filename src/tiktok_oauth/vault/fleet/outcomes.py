"""What the end of a refresh says: how it counts in the figures, and what it tells about TikTok."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from tiktok_oauth.errors import (
    InvalidCredentialsError,
    RateLimitError,
    StoreError,
    TikTokErrorCode,
    VaultKeyError,
)
from tiktok_oauth.protocol.codes import TABLE
from tiktok_oauth.vault.refresh import ladder

if TYPE_CHECKING:
    from tiktok_oauth.errors import TikTokAPIError
    from tiktok_oauth.vault.fleet.pacing import Outcome
    from tiktok_oauth.vault.stores.rows import Grant

Kind = Literal["refreshed", "refused", "failed", "unsent", "doubtful", "lost"]
"""How a refresh is counted.

- ``refused``: TikTok refused the refresh token;
- ``failed``: TikTok answered that it did nothing;
- ``unsent``: TikTok certainly did not see the request;
- ``doubtful``: TikTok may have handled it, and nobody has the answer;
- ``lost``: the account needs a new login, for such an answer's sake.
"""

_UNAVAILABLE = 503


def judge(grant: Grant, error: TikTokAPIError) -> tuple[Kind, Outcome]:
    """Judge a refresh by the account as it was claimed, and by what the refresh raised."""
    if _is_refusal(error):
        was_likely = grant.doubt_at is not None or grant.refusals > 0
        kind: Kind = "lost" if error.lost_in_flight else "refused"
        return kind, "definite" if was_likely else "refused"
    if isinstance(error, StoreError | VaultKeyError):
        return "unsent", "nothing"
    if error.never_sent:
        return "unsent", "unreachable"
    if isinstance(error, RateLimitError):
        return "failed", "limited"
    if isinstance(error, InvalidCredentialsError):
        return "failed", "rejected"
    if error.http_status == _UNAVAILABLE:
        return "failed", "failed"
    if ladder.kind_of(error) != "doubtful":
        return "failed", "definite"
    return "doubtful", "failed"


def _is_refusal(error: TikTokAPIError) -> bool:
    # The error is the row's, in words of its own; TikTok's string is what it said.
    verdict = TABLE.get(error.tiktok_code or "")
    return verdict is not None and verdict.code is TikTokErrorCode.INVALID_TOKEN
