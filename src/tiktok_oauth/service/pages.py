"""The service's pages: templates, everything escaped, and dates people can read."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_HERE = Path(__file__).parent
STATIC = _HERE / "static"

_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"))


def moment(seconds: float) -> str:
    """Return a Unix time as a date and a time of day in UTC."""
    return f"{datetime.fromtimestamp(seconds, UTC):%d %B %Y, %H:%M} UTC".lstrip("0")


def time_left(seconds: float) -> str:
    """Return a duration in its largest whole unit."""
    for size, unit in _UNITS:
        count = round(seconds / size)
        if count >= 1:
            return f"in {count} {unit}{'s' if count > 1 else ''}"
    return "in less than a minute" if seconds > 0 else "expired"


_templates = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters["moment"] = moment
_templates.filters["time_left"] = time_left


def render(name: str, **context: object) -> str:
    """Return a page as HTML.

    Args:
        name: the template, without its ending.
        context: its variables; a missing one is an error, not a blank.
    """
    return _templates.get_template(f"{name}.html").render(context)
