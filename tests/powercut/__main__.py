"""Cut the power by hand: python -m tests.powercut --turns 8"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
import time
from pathlib import Path
from typing import get_args

from tests.powercut.campaign import run
from tests.powercut.marks import Role

_SCHEMES = ("sqlite", "sqlite+pysqlite3")


def main() -> int:
    """Run a campaign for each kind of SQLite and each role; 1 if anything was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.powercut", description=__doc__)
    parser.add_argument("--scheme", choices=_SCHEMES, nargs="*", default=_SCHEMES)
    parser.add_argument("--role", choices=get_args(Role), nargs="*", default=get_args(Role))
    parser.add_argument("--turns", type=int, default=8, help="refreshes of each account, twice")
    parser.add_argument("--every", type=int, default=1, help="open one of so many states")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    wrong = 0
    for scheme, role in itertools.product(chosen.scheme, chosen.role):
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            asked = {"turns": chosen.turns, "every": chosen.every, "seed": chosen.seed}
            result = run(scheme, role, Path(folder), **asked)
        took = time.monotonic() - began
        print(f"{scheme}, {role}, seed {chosen.seed}, {took:.0f} s: {result}")
        for line in result.wrong[:20]:
            print(line)
        wrong += len(result.wrong)
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
