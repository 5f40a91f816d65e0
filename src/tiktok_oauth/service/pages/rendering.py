"""Templates: all escaped, every text from ``words``, a missing variable is an error."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tiktok_oauth.service import words
from tiktok_oauth.service.pages import names, telling

_HERE = Path(__file__).parents[1]
STATIC = _HERE / "static"
TEMPLATES = _HERE / "templates"

_FILTERS = (
    telling.ago,
    telling.count,
    telling.left,
    telling.machine_time,
    telling.milliseconds,
    telling.moment,
    telling.percent,
    telling.short_moment,
    telling.span,
    telling.time_of_day,
    names.clean_name,
    names.clean_text,
)

_templates = Environment(
    loader=FileSystemLoader(TEMPLATES),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters |= {each.__name__: each for each in _FILTERS}
_templates.globals |= {"words": words, "share": telling.share}


def render(name: str, **context: object) -> str:
    """A page as HTML.

    Args:
        name: the template, without its ending.
        context: its variables; a missing one is an error, not a blank.
    """
    return _templates.get_template(f"{name}.html").render(context)
