"""How the sandbox's time follows from the machine's: ahead of it, and faster if that is wanted."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from tiktok_oauth.errors import invalid_argument

FASTEST = 100_000
_CENTURIES = 10 * 3_155_760_000


@dataclass(frozen=True, slots=True)
class Pace:
    """Where the clock stood at one moment, and how fast it has run since.

    Attributes:
        offset: how far it was ahead of the machine's clock then, in seconds.
        rate: how many of its seconds pass in one of the machine's.
        since: that moment, in the machine's Unix seconds; it matters only beside a rate.
    """

    offset: float = 0.0
    rate: float = 1.0
    since: float = 0.0

    def ahead(self, machine: float) -> float:
        """Return how far it is ahead when the machine's clock says this, in seconds."""
        return min(self.offset + (machine - self.since) * (self.rate - 1), _CENTURIES)

    def advanced(self, seconds: float) -> Pace:
        """Return the clock, moved forward.

        Raises:
            ValidationError: it would go back, or leave the calendar.
        """
        if not 0 <= seconds < math.inf:
            raise invalid_argument("seconds must be 0 or more: the clock only moves forward.")
        if self.offset + seconds > _CENTURIES:
            raise invalid_argument("seconds must not lead the clock farther than 1,000 years.")
        return replace(self, offset=self.offset + seconds)

    def at_rate(self, rate: float, machine: float) -> Pace:
        """Return the clock, running at another rate from now on.

        Args:
            rate: its seconds for each of the machine's.
            machine: the machine's time.

        Raises:
            ValidationError: it would fall behind the machine's, or run too fast.
        """
        if not 1 <= rate <= FASTEST:
            raise invalid_argument(f"rate must be from 1 (the machine's) to {FASTEST:,}.")
        return Pace(self.ahead(machine), rate, machine)
