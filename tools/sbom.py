"""Write the bill of materials: what the package runs on, as CycloneDX JSON.

Taken from the pinned requirements, so it is the same for the same commit: no time, no random
number, no look at the machine.

    python tools/sbom.py requirements/release.txt dist/tiktok-oauth.cdx.json
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
import uuid
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
_PIN = re.compile(
    r"^(?P<name>[\w.-]+)==(?P<version>[^\s\\;]+)(?: ; (?P<marker>[^\\]+?))? *\\?$", re.MULTILINE
)
_VERSION = re.compile(r'^VERSION = "(.+)"$', re.MULTILINE)


def components(locked: str) -> list[dict[str, object]]:
    """One entry for each pinned package, by name."""
    return [
        {
            "type": "library",
            "bom-ref": _ref(pin["name"], pin["version"]),
            "name": canonicalize_name(pin["name"]),
            "version": pin["version"],
            "purl": _ref(pin["name"], pin["version"]),
            **(
                {"properties": [{"name": "pip:marker", "value": pin["marker"].strip()}]}
                if pin["marker"]
                else {}
            ),
        }
        for pin in sorted(_PIN.finditer(locked), key=lambda pin: canonicalize_name(pin["name"]))
    ]


def bill(locked: str, needs: list[str], version: str) -> dict[str, object]:
    """The whole document."""
    parts = components(locked)
    ours = _ref("tiktok-oauth", version)
    serial = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps([ours, parts], sort_keys=True))
    known = {part["name"]: part["bom-ref"] for part in parts}
    wanted = sorted({canonicalize_name(Requirement(need).name) for need in needs})
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "library",
                "bom-ref": ours,
                "name": "tiktok-oauth",
                "version": version,
                "purl": ours,
                "licenses": [{"license": {"id": "MIT"}}],
            }
        },
        "components": parts,
        "dependencies": [{"ref": ours, "dependsOn": [known[name] for name in wanted]}],
    }


def _ref(name: str, version: str) -> str:
    return f"pkg:pypi/{canonicalize_name(name)}@{version}"


def main(lock: str, output: str) -> None:
    """Read a lock and write the bill beside what is released."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    found = _VERSION.search((ROOT / "src/tiktok_oauth/version.py").read_text("utf-8"))
    if found is None:
        sys.exit("version.py says no version")
    document = bill(Path(lock).read_text("utf-8"), project["dependencies"], found[1])
    Path(output).write_text(json.dumps(document, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
