"""Numbers and times as people read them."""

from __future__ import annotations

from datetime import UTC, datetime

from tiktok_oauth.service.words import common

_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60))
_LATEST = 253_402_300_799.0
_SHORTENED = ((1e9, "B"), (1e6, "M"), (1e3, "K"))
_SMALL = 10_000


def moment(seconds: float) -> str:
    """A Unix time as a date and a time of day in UTC."""
    return f"{_date(seconds):%d %B %Y, %H:%M} UTC".lstrip("0")


def short_moment(seconds: float) -> str:
    """A Unix time as a short date and a time of day with seconds, in UTC."""
    return f"{_date(seconds):%d %b, %H:%M:%S}".lstrip("0")


def time_of_day(seconds: float) -> str:
    """A Unix time as a time of day in UTC."""
    return f"{_date(seconds):%H:%M}"


def machine_time(seconds: float) -> str:
    """A Unix time as a ``time`` element has it in its attribute."""
    return f"{_date(seconds):%Y-%m-%dT%H:%M:%SZ}"


def span(seconds: float) -> str:
    """A length of time in its largest unit and the next one."""
    rest = int(seconds)
    for place, (unit, size) in enumerate(_UNITS):
        if rest >= size:
            count, rest = divmod(rest, size)
            below = _UNITS[place + 1 : place + 2]
            # Hours beside many days, or minutes beside many hours, tell nobody anything.
            if not below or count >= 10 or not rest // below[0][1]:  # noqa: PLR2004 - two digits
                return f"{count} {unit}"
            return f"{count} {unit} {rest // below[0][1]} {below[0][0]}"
    return common.MOMENT_LEFT


def left(seconds: float) -> str:
    """How long something still lasts."""
    return span(seconds) if seconds > 0 else common.EXPIRED


def ago(seconds: float) -> str:
    """How long ago something was."""
    return common.ago(span(seconds)) if seconds >= _UNITS[-1][1] else common.JUST_NOW


def share(part: float, whole: float) -> int:
    """A part of a whole in percent, between 0 and 100."""
    return max(0, min(100, round(100 * part / whole))) if whole > 0 else 0


def percent(rate: float) -> str:
    """A rate of 0..1 in percent; 100 % only when it is all, and 0 % only when it is nothing."""
    if rate in {0.0, 1.0}:
        return f"{rate:.0%}".replace("%", " %")
    return f"{max(0.1, min(99.9, 100 * rate)):.1f} %"


def milliseconds(value: float) -> str:
    """A duration given in milliseconds."""
    if value >= 1_000:  # noqa: PLR2004 - a second
        return f"{value / 1_000:.1f} s"
    return f"{value:.0f} ms" if value >= 10 or not value else f"{value:.1f} ms"  # noqa: PLR2004 - two digits


def count(number: int) -> str:
    """A number that may be large, in at most five characters from ten thousand on."""
    if number < _SMALL:
        return f"{number:,}"
    size, unit = next(each for each in _SHORTENED if number >= each[0])
    scaled = number / size
    return f"{scaled:.1f}{unit}" if scaled < 100 else f"{scaled:.0f}{unit}"  # noqa: PLR2004 - three digits


def _date(seconds: float) -> datetime:
    return datetime.fromtimestamp(max(0.0, min(seconds, _LATEST)), UTC)
