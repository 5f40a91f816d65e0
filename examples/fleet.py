"""Several processes on one PostgreSQL, with a refresher between them.

The workers only use access tokens; what they hold cannot open a refresh token. Kill any of them
at any time: nothing is lost.

    export TIKTOK_OAUTH_DATABASE_URL=postgresql://vault:...@127.0.0.1/tokens
    tiktok-oauth keys new
    python fleet.py 4
"""

from __future__ import annotations

import os
import sys
from multiprocessing import get_context

from tiktok_oauth import KeyRing, Refresher, TikTokAPIError, TikTokOAuth, TokenVault


def work(number: int, keys: str, rounds: int) -> None:
    """A web worker: it uses tokens, and leaves refreshing to somebody else."""
    ring = KeyRing.from_file(keys)
    with TikTokOAuth() as client, TokenVault(client, keys=ring, refreshed_by="refresher") as vault:
        done = 0
        for _ in range(rounds):
            for account in vault.accounts(status="active"):
                try:
                    account.user_info(["display_name"])
                    done += 1
                except TikTokAPIError as error:
                    print(
                        f"worker {number}: {error.code}, again in {error.retry_after}", flush=True
                    )
        print(f"worker {number}: {done} profiles", flush=True)


def main(workers: str = "4", rounds: str = "5") -> int:
    """Refresh in this process, use tokens in others."""
    whole = KeyRing.from_file(os.environ["TIKTOK_OAUTH_KEYS"])
    for_workers = os.environ["TIKTOK_OAUTH_KEYS"] + ".workers"
    whole.for_access_only().save(for_workers, replace=True)
    with TikTokOAuth() as client, TokenVault(client, keys=whole) as vault:
        with Refresher(vault, "keep_warm") as refresher:
            spawn = get_context("spawn")
            team = [
                spawn.Process(target=work, args=(number, for_workers, int(rounds)))
                for number in range(int(workers))
            ]
            for worker in team:
                worker.start()
            for worker in team:
                worker.join()
            now = refresher.progress()
        print(f"refresher: {now.refreshed} refreshed, {now.refused} refused, {now.due} due")
    return max(worker.exitcode or 0 for worker in team)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
