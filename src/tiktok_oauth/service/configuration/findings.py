"""What there is to say about a value: what is wrong with it, and the mend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["warn", "fail"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about a value that should be otherwise. It never quotes a secret.

    Attributes:
        name: the setting, e.g. ``port`` or ``apps[1].client_secret``.
        source: where its value is from, e.g. ``TIKTOK_OAUTH_PORT``.
        verdict: ``fail`` keeps the service from starting.
        says: what is wrong.
        mend: what to do.
    """

    name: str
    source: str
    verdict: Verdict
    says: str
    mend: str


class WrongError(Exception):
    """A value that cannot be used.

    Attributes:
        says: what is wrong, without the value when it may be secret.
        mend: what to do.
    """

    def __init__(self, says: str, mend: str) -> None:
        super().__init__(says)
        self.says = says
        self.mend = mend
