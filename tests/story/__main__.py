"""Thirty days of five hundred accounts: python -m tests.story"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from tests.story.plan import ROTATIONS, Plan
from tests.story.report import NOTE, table
from tests.story.story import tell
from tests.support.postgres import postgres_server


def main() -> int:
    """Tell the story, print its figures; 1 if the vault lost what it need not have lost."""
    parser = argparse.ArgumentParser(prog="python -m tests.story", description=__doc__)
    parser.add_argument("--store", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--accounts", type=int, default=Plan.accounts)
    parser.add_argument("--days", type=float, default=Plan.days)
    parser.add_argument("--rate", type=float, default=Plan.rate, help="of TikTok's clock")
    parser.add_argument("--seed", type=int, default=Plan.seed)
    parser.add_argument(
        "--rotation", choices=ROTATIONS, default=Plan.rotation, help="how tokens are replaced"
    )
    chosen = parser.parse_args()
    plan = _scaled(chosen)
    began = time.monotonic()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = ""
        if chosen.store == "postgres":
            url = stack.enter_context(postgres_server()).new_database()
        ending = tell(plan, folder, url, _say)
    print(table(("the vault", "Authlib"), (ending.vault, ending.naive)))
    print(NOTE)
    print(f"{plan}, {chosen.store}, {time.monotonic() - began:.0f} s")
    for line in ending.vault.silent[:20]:
        print(line)
    return int(not ending.vault.is_flawless)


def _scaled(chosen: argparse.Namespace) -> Plan:
    """A plan whose misfortunes are as frequent as in the one of thirty days."""
    share = chosen.days / Plan.days
    return Plan(
        accounts=chosen.accounts,
        days=chosen.days,
        rate=chosen.rate,
        seed=chosen.seed,
        rotation=chosen.rotation,
        refresher_kills=max(2, round(Plan.refresher_kills * share)),
        worker_kills=max(8, round(Plan.worker_kills * share)),
        outage=min(Plan.outage, 6 * chosen.days),
    )


def _say(text: str) -> None:
    end = "\r" if sys.stderr.isatty() else "\n"
    sys.stderr.write(f"{text}{end}")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
