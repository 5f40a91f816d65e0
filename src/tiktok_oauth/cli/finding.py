"""One thing that the doctor looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        name: what.
        verdict: whether it is as it should be.
        says: how it is.
        mend: what to do, unless it is well.
    """

    name: str
    verdict: Verdict
    says: str
    mend: str = ""
