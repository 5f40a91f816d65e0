"""Run a campaign by hand: python -m tests.chaos --store sqlite --kills 5000 --seed 1"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import get_args

from tests.chaos.misfortunes import Misfortune
from tests.chaos.theatre import Kind, play
from tests.chaos.victims import Role

_FEWEST = 100
_LOST_AT_ONCE = 3
"""A refresher that is killed leaves some requests open, and so needs more accounts."""


def main() -> int:
    """Run one campaign, print what it came to; 1 if something was lost that need not be."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--store", choices=get_args(Kind), default="sqlite")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--accounts", type=int, default=0, help="default: enough for so many kills")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--role", choices=get_args(Role), default="vault")
    parser.add_argument(
        "--with", dest="misfortunes", nargs="*", choices=get_args(Misfortune), default=[]
    )
    chosen = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        result = play(
            Path(folder),
            chosen.store,
            kills=chosen.kills,
            accounts=chosen.accounts or _enough(chosen.kills, chosen.role),
            seed=chosen.seed,
            role=chosen.role,
            misfortunes=frozenset(chosen.misfortunes),
        )
    what = ", ".join([chosen.store, chosen.role, *chosen.misfortunes, f"seed {chosen.seed}"])
    print(f"{what}, {time.monotonic() - began:.0f} s: {result}")
    for line in result.silent[:20]:
        print(line)
    return int(not result.is_flawless)


def _enough(kills: int, role: Role) -> int:
    if role == "worker":
        return _FEWEST
    return max(_FEWEST, kills * (_LOST_AT_ONCE if role == "refresher" else 1))


if __name__ == "__main__":
    sys.exit(main())
