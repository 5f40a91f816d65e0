"""Jobs in worker processes that fork: each job gets a fresh token, and none refreshes twice.

    $ pip install tiktok-oauth
    $ python background_worker.py 8

asks for the name of every connected account, in as many processes as you say. It needs
TIKTOK_CLIENT_KEY, TIKTOK_CLIENT_SECRET and the TIKTOK_OAUTH_DATABASE_URL that your website uses.

Celery's prefork pool, RQ's workers and gunicorn's --preload do what happens here: a process that
has used the vault forks, and its children go on using it. A job is told an open_id, never a token:
a token that waits in a queue is a token that leaks, and that is dead when its turn comes.
"""

from __future__ import annotations

import multiprocessing
import sys
import time
from functools import cache

from tiktok_oauth import TikTokAPIError, TikTokOAuth, TokenVault

LONGEST_WAIT = 60.0


@cache
def vault() -> TokenVault:
    """One vault for each process, made when a job first needs it; a fork opens it anew."""
    return TokenVault(TikTokOAuth())


def display_name(open_id: str, tries: int = 3) -> str:
    """A job. What may work later is tried again; what never will is said at once."""
    for attempt in range(1, tries + 1):
        try:
            return vault().account(open_id).user_info(["display_name"]).display_name or ""
        except TikTokAPIError as error:
            if not error.retryable or attempt == tries:
                return f"({error.code}: {error.message})"
            time.sleep(min(error.retry_after or attempt, LONGEST_WAIT))
    return ""


def main() -> None:
    """Run a job for each account, in processes that were forked from this one."""
    processes = int(sys.argv[1]) if len(sys.argv) > 1 else 4
    open_ids = [account.open_id for account in vault().accounts(status="active")]
    with multiprocessing.get_context("fork").Pool(processes) as pool:
        for open_id, name in zip(open_ids, pool.map(display_name, open_ids), strict=True):
            print(f"{open_id}\t{name}")


if __name__ == "__main__":
    main()
