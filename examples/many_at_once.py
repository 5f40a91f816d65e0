"""Read the profiles of all connected accounts, fifty at a time.

However many tasks ask for one account's token, it is refreshed once. Cancelling a task that waits
leaves the refresh alone.

    python many_at_once.py
"""

from __future__ import annotations

import asyncio
import sys
import time

from tiktok_oauth import AsyncAccount, AsyncTikTokOAuth, AsyncTokenVault, TikTokAPIError

AT_ONCE = 50


async def name_of(account: AsyncAccount, room: asyncio.Semaphore) -> str | None:
    """One account's name; None if it cannot be had right now."""
    async with room:
        try:
            return (await account.user_info(["display_name"])).display_name
        except TikTokAPIError as error:
            print(f"{account.open_id}: {error.code}, {error.action}", file=sys.stderr)
            return None


async def main() -> None:
    """Ask for all names and say how long it took."""
    room = asyncio.Semaphore(AT_ONCE)
    async with AsyncTikTokOAuth() as client, AsyncTokenVault(client) as vault:
        began = time.perf_counter()
        accounts = [account async for account in vault.accounts(status="active")]
        names = await asyncio.gather(*(name_of(account, room) for account in accounts))
        took = time.perf_counter() - began
        known = [name for name in names if name]
        print(f"{len(known)} of {len(accounts)} names in {took:.2f} s")
        figures = client.metrics()
        print(f"{figures.requests} calls, p95 {figures.p95_ms:.0f} ms, {figures.retries} retries")


if __name__ == "__main__":
    asyncio.run(main())
