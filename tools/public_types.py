"""Check that every public name has a whole type, as a user's type checker sees it.

Pyright calls a package without public names complete too, so their number is looked at as well.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

COMMAND = (
    *(sys.executable, "-m", "pyright"),
    *("--verifytypes", "tiktok_oauth", "--ignoreexternal", "--outputjson"),
)


def main() -> int:
    """Print each symbol whose type is not whole, and the share of those that are."""
    # Pyright looks for the package with the first Python on PATH.
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    run = subprocess.run(
        COMMAND, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
    )
    try:
        report = json.loads(run.stdout)["typeCompleteness"]
    except (ValueError, KeyError):
        print(run.stdout + run.stderr, file=sys.stderr)
        return 1
    counts = report["exportedSymbolCounts"]
    vague = [
        (symbol["name"], *(diagnostic["message"] for diagnostic in symbol["diagnostics"]))
        for symbol in report["symbols"]
        if symbol["isExported"] and (not symbol["isTypeKnown"] or symbol["isTypeAmbiguous"])
    ]
    # One vague attribute makes everything that mentions its class vague: show where it begins.
    causes = [lines for lines in vague if any("partially unknown" not in x for x in lines[1:])]
    for lines in causes or vague:
        print(*lines, sep="\n    ")
    print(f"{counts['withKnownType']} of {sum(counts.values())} public symbols have a whole type")
    return 0 if counts["withKnownType"] and not vague else 1


if __name__ == "__main__":
    sys.exit(main())
