"""Print the latest videos of every connected account.

Run it as often as you like, by cron for example: tokens renew themselves, and an account whose
person has left is named and passed over.

    python videos.py
"""

from __future__ import annotations

import sys

from tiktok_oauth import (
    Account,
    InvalidTokenError,
    ScopeError,
    TikTokAPIError,
    TikTokOAuth,
    TokenVault,
)

FIELDS = "id,title,view_count"


def show(account: Account) -> None:
    """Print one account's videos."""
    answer = account.request(
        "POST", "/v2/video/list/", params={"fields": FIELDS}, json={"max_count": 3}
    )
    print(account.open_id)
    for video in answer["videos"]:
        print(f"  {video['view_count']:>9,}  {video['title']}")


def main() -> int:
    """Go through all accounts; returns 1 if one of them failed for now."""
    failed = 0
    with TikTokOAuth() as client, TokenVault(client) as vault:
        for account in vault.accounts(status="active"):
            try:
                show(account)
            except ScopeError:
                print(f"{account.open_id}: may not see videos")
            except InvalidTokenError:
                print(f"{account.open_id}: has to connect again ({account.reload().reason})")
            except TikTokAPIError as error:
                failed = 1
                print(f"{account.open_id}: not right now: {error}", file=sys.stderr)
    return failed


if __name__ == "__main__":
    sys.exit(main())
