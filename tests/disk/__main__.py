"""Let the disk fail by hand: python -m tests.disk cuts --turns 8"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
import time
from pathlib import Path
from typing import get_args

from tests.disk import calls, cuts
from tests.disk.calls import Fault
from tests.disk.marks import Role

_SCHEMES = ("sqlite", "sqlite+pysqlite3")


def main() -> int:
    """Run a campaign for each kind of SQLite and each role; 1 if anything was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.disk", description=__doc__)
    parser.add_argument("what", choices=("cuts", "calls"), help="power cuts, or calls that fail")
    parser.add_argument("--scheme", choices=_SCHEMES, nargs="*", default=_SCHEMES)
    parser.add_argument("--role", choices=get_args(Role), nargs="*", default=get_args(Role))
    parser.add_argument("--fault", choices=get_args(Fault), nargs="*", default=get_args(Fault))
    parser.add_argument("--turns", type=int, help="refreshes of each account, twice")
    parser.add_argument("--every", type=int, default=1, help="try one state, or call, of so many")
    parser.add_argument("--seed", type=int, default=1, help="of the states that a cut leaves")
    chosen = parser.parse_args()
    campaign = _cuts if chosen.what == "cuts" else _calls
    wrong = 0
    for scheme, role in itertools.product(chosen.scheme, chosen.role):
        wrong += campaign(scheme, role, chosen)
    return int(wrong > 0)


def _cuts(scheme: str, role: Role, chosen: argparse.Namespace) -> int:
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        asked = {"turns": chosen.turns or 8, "every": chosen.every, "seed": chosen.seed}
        result = cuts.run(scheme, role, Path(folder), **asked)
    _tell(f"{scheme}, {role}, seed {chosen.seed}", began, result)
    return len(result.wrong)


def _calls(scheme: str, role: Role, chosen: argparse.Namespace) -> int:
    wrong = 0
    for fault in chosen.fault:
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            asked = {"turns": chosen.turns or 1, "first": 1, "every": chosen.every}
            result = calls.run(scheme, role, fault, Path(folder), **asked)
        _tell(f"{scheme}, {role}, {fault}", began, result)
        wrong += len(result.wrong)
    return wrong


def _tell(what: str, began: float, result: cuts.Result | calls.Result) -> None:
    print(f"{what}, {time.monotonic() - began:.0f} s: {result}", flush=True)
    for line in result.wrong[:20]:
        print(line)


if __name__ == "__main__":
    sys.exit(main())
