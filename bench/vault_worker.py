"""One measurement of a vault in a process of its own: ``TASK ORIGIN CALLS``, answered with JSON.

Store, keys and journal stand in the environment, see ``vault_place``; the accounts are there.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import islice, pairwise, repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from answer import TOKENS, open_id, refresh_token
from subjects import KEY, PATH, REDIRECT, SECRET

if TYPE_CHECKING:
    from collections.abc import Callable

    from tiktok_oauth import Account, Refresher, Store, TokenVault

ROUNDS = 7
AT_ONCE = 64
_FAST_ENOUGH = 20_000.0
_STEP = 0.005
_ENOUGH = 25_000
"""Accounts that fill SQLite's cache, which grows to 16 MiB on some systems."""


def _vault(origin: str, store: Store | None = None) -> TokenVault:
    from tiktok_oauth import TikTokOAuth, TokenVault  # noqa: PLC0415 - the peer does without

    client = TikTokOAuth(KEY, SECRET, REDIRECT, base_url=origin)
    return TokenVault(client, store=store, journal=os.environ["BENCH_JOURNAL"])


def _some(vault: TokenVault, count: int) -> list[Account]:
    return list(islice(vault.accounts(client_key=KEY), count))


def _per_call(call: Callable[[], object], calls: int) -> float:
    """Microseconds of CPU time."""
    gc.collect()
    began = time.process_time()
    for _ in repeat(None, calls):
        call()
    return 1e6 * (time.process_time() - began) / calls


def warm(origin: str, calls: int) -> list[float]:
    """A token that is in memory, blocking: microseconds by round."""
    with _vault(origin) as vault:
        [account] = _some(vault, 1)
        account.access_token()
        return [_per_call(account.access_token, calls) for _ in range(ROUNDS)]


def warm_awaiting(origin: str, calls: int) -> list[float]:
    """A token that is in memory, awaiting: microseconds by round."""
    return asyncio.run(_warm_awaiting(origin, calls))


async def _warm_awaiting(origin: str, calls: int) -> list[float]:
    from tiktok_oauth import AsyncTikTokOAuth, AsyncTokenVault  # noqa: PLC0415 - as above

    client = AsyncTikTokOAuth(KEY, SECRET, REDIRECT, base_url=origin)
    async with client, AsyncTokenVault(client, journal=os.environ["BENCH_JOURNAL"]) as vault:
        [account] = [account async for account in vault.accounts()]
        await account.access_token()
        found = []
        for _ in range(ROUNDS):
            gc.collect()
            began = time.process_time()
            for _ in repeat(None, calls):
                await account.access_token()
            found.append(1e6 * (time.process_time() - began) / calls)
        return found


def first(origin: str, calls: int) -> list[float]:
    """Tokens that were not read before, each from the store: microseconds by round."""
    return [_first(origin, calls) for _ in range(ROUNDS)]


def _first(origin: str, calls: int) -> float:
    with _vault(origin) as vault:
        opens, *accounts = _some(vault, calls + 1)
        opens.access_token()
        following = iter(accounts)
        return _per_call(lambda: next(following).access_token(), calls)


def alone(origin: str, calls: int) -> dict[str, float]:
    """Refreshes, one after the other: seconds of CPU and of time."""
    with _vault(origin) as vault:
        opens, *accounts = _some(vault, calls + 1)
        opens.refresh()
        gc.collect()
        began, cpu = time.monotonic(), time.process_time()
        for account in accounts:
            account.refresh()
        used, ended = time.process_time() - cpu, time.monotonic()
    return {"cpu": used, "began": began, "ended": ended, "done": calls, "refreshed": calls + 1}


def fleet(origin: str, calls: int) -> dict[str, float]:
    """Refreshes by a refresher, many at once: seconds of CPU and of time, once it is under way."""
    from tiktok_oauth import Refresher  # noqa: PLC0415 - as above

    with _vault(origin) as vault:
        with Refresher(vault, "keep_warm", at_once=AT_ONCE, rate=_FAST_ENOUGH) as refresher:
            first = _wait_for(refresher, 2 * AT_ONCE)
            began, cpu = time.monotonic(), time.process_time()
            last = _wait_for(refresher, first + calls)
            used, ended = time.process_time() - cpu, time.monotonic()
        refreshed = refresher.progress().refreshed
    done = last - first
    return {"cpu": used, "began": began, "ended": ended, "done": done, "refreshed": refreshed}


def _wait_for(refresher: Refresher, count: int) -> int:
    """Wait until there are so many refreshes; how many there are by then."""
    while (progress := refresher.progress()).refreshed < count:
        if progress.failed or progress.refused or progress.doubtful or progress.unsent:
            raise RuntimeError(repr(progress))
        time.sleep(_STEP)
    return progress.refreshed


def puts(_: str, seconds: int) -> dict[str, float]:
    """New tokens written by many threads at the same time: how many a second."""
    from tiktok_oauth.vault.opening import open_store  # noqa: PLC0415 - as above
    from vault_rows import Put  # noqa: PLC0415 - as above

    store = open_store(os.environ["TIKTOK_OAUTH_DATABASE_URL"])
    writers = [Put(store, number) for number in range(AT_ONCE)]
    until = time.monotonic() + seconds

    def write(put: Put) -> int:
        count = 0
        while time.monotonic() < until:
            put()
            count += 1
        return count

    cpu = time.process_time()
    with ThreadPoolExecutor(AT_ONCE) as threads:
        done = sum(threads.map(write, writers))
    return {"rate": done / seconds, "cpu": 1e6 * (time.process_time() - cpu) / done}


def claims(other: str, rounds: int) -> list[dict[str, list[float]]]:
    """Claims of what is due, from two stores in turns: milliseconds, and those of CPU."""
    from vault_rows import time_claims  # noqa: PLC0415 - as above

    return time_claims((os.environ["TIKTOK_OAUTH_DATABASE_URL"], other), rounds)


def memory(origin: str, calls: int) -> list[float]:
    """Growth in KiB: over a hundred thousand tokens out of memory, then over refreshes."""
    from tiktok_oauth.vault.opening import open_store  # noqa: PLC0415 - as above
    from vault_rows import fill  # noqa: PLC0415 - as above

    store = open_store(os.environ["TIKTOK_OAUTH_DATABASE_URL"])
    with _vault(origin, store) as vault:
        accounts = _some(vault, 100)
        fill(store, _ENOUGH)
        for _ in range(10):
            for account in accounts:
                account.refresh()
        marks = [_resident()]
        for _ in range(1000):
            for account in accounts:
                account.access_token()
        marks.append(_resident())
        for number in range(calls):
            accounts[number % 100].refresh()
        marks.append(_resident())
    return [after - before for before, after in pairwise(marks)]


def _resident() -> int:
    gc.collect()
    status = Path("/proc/self/status").read_text()
    return int(dict(line.split(":", 1) for line in status.splitlines())["VmRSS"].split()[0])


def peer_fresh(origin: str, calls: int) -> list[float]:
    """Authlib, asked whether its token is still good: microseconds by round."""
    session, _ = _authlib(origin)
    return [
        _per_call(lambda: session.ensure_active_token(session.token), calls) for _ in range(ROUNDS)
    ]


def peer_refresh(origin: str, calls: int) -> list[float]:
    """Authlib, refreshing into a dict that nothing protects: microseconds by round."""
    session, kept = _authlib(origin)

    def call() -> None:
        session.token["expires_at"] = 1
        session.ensure_active_token(session.token)

    found = [_per_call(call, calls) for _ in range(ROUNDS)]
    if kept["expires_at"] < time.time():
        raise RuntimeError("nothing was refreshed")
    return found


def _authlib(origin: str) -> tuple[Any, dict[str, Any]]:
    from subjects import authlib_session  # noqa: PLC0415 - as above

    kept: dict[str, Any] = {**TOKENS, "refresh_token": refresh_token(open_id(0), 0)}
    kept["expires_at"] = time.time() + 86400
    session = authlib_session(
        token=dict(kept),
        token_endpoint=origin + PATH,
        update_token=lambda token, refresh_token: kept.update(token),  # noqa: ARG005 - its name
    )
    return session, kept


TASKS: dict[str, Callable[[str, int], object]] = {
    task.__name__: task
    for task in (
        warm,
        warm_awaiting,
        first,
        alone,
        fleet,
        puts,
        claims,
        memory,
        peer_fresh,
        peer_refresh,
    )
}


def main(task: str, origin: str, calls: str) -> None:
    """Measure once."""
    print(json.dumps(TASKS[task](origin, int(calls))))


if __name__ == "__main__":
    main(*sys.argv[1:])
