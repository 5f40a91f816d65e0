"""The machine under the measurements: its cores, and the environment of measured processes."""

from __future__ import annotations

import os
import platform
import re
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def put_on_core(pid: int, index: int) -> None:
    """Keep a process on one of the cores we may use, where the system lets us choose."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(pid, {sorted(os.sched_getaffinity(0))[index]})


_CHANGES_CLIENTS = re.compile(r".*_PROXY|TIKTOK_.*|SSL_CERT_.*|.*_CA_BUNDLE", re.IGNORECASE)


def measured_environment() -> dict[str, str]:
    """The environment of a measured process: no random hashes, nothing that changes a client."""
    kept = {name: value for name, value in os.environ.items() if not _CHANGES_CLIENTS.match(name)}
    return {**kept, "PYTHONHASHSEED": "0"}


def description(libraries: Sequence[str]) -> str:
    """What a figure without it would be worth little without: processor, Python, libraries."""
    versions = (f"{name} {version(name)}" for name in libraries if find_spec(name.lower()))
    return (
        f"{_processor()}, {os.cpu_count()} cores, load {_load()}; {platform.platform()}; "
        f"Python {platform.python_version()}; {', '.join(versions)}"
    )


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    names = re.findall(r"model name\s*: (.*)", info.read_text()) if info.exists() else []
    return names[0] if names else platform.machine()


def _load() -> str:
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
