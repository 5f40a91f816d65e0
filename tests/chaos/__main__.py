"""Run a campaign by hand: python -m tests.chaos --store sqlite --kills 5000 --seed 1"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import get_args

from tests.chaos.misfortunes import Misfortune
from tests.chaos.theatre import Kind, play
from tests.chaos.victims import Role

_FEWEST = 100
_TOLD_EVERY = 100
_PER_KILL = 4
"""Most kills cost an account, a refresher's more than one: there must be enough to go on with."""


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
    _go_first()
    began = time.monotonic()

    def tell(kills: int) -> None:
        if kills % _TOLD_EVERY == 0:
            seconds = time.monotonic() - began
            print(f"{kills} of {chosen.kills} kills, {seconds:.0f} s", file=sys.stderr)

    with tempfile.TemporaryDirectory() as folder:
        result = play(
            Path(folder),
            chosen.store,
            kills=chosen.kills,
            accounts=chosen.accounts or _enough(chosen.kills, chosen.role),
            seed=chosen.seed,
            role=chosen.role,
            misfortunes=frozenset(chosen.misfortunes),
            tell=tell,
        )
    what = ", ".join([chosen.store, chosen.role, *chosen.misfortunes, f"seed {chosen.seed}"])
    print(f"{what}, {time.monotonic() - began:.0f} s: {result}")
    for line in result.silent[:20]:
        print(line)
    return int(not result.is_flawless)


def _go_first() -> None:
    """Keep other people's work from stretching the moments that are measured, where we may."""
    with contextlib.suppress(OSError):
        os.nice(-15)
        # Where whole sessions share the processors, a process goes first in its own only.
        Path("/proc/self/autogroup").write_text("-15")


def _enough(kills: int, role: Role) -> int:
    if role == "worker":
        return _FEWEST
    return max(_FEWEST, kills * _PER_KILL)


if __name__ == "__main__":
    sys.exit(main())
