"""A picture for everybody: drawn here, from nothing but the person's id and name."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from markupsafe import escape

if TYPE_CHECKING:
    from tiktok_oauth.sandbox.catalog import Person

_SVG = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96" role="img" aria-label="{name}">
<rect width="96" height="96" fill="hsl({hue} 42% 46%)"/>
<circle cx="{sun}" cy="30" r="17" fill="hsl({hue} 70% 82%)"/>
<path d="M0 {left}Q48 {peak} 96 {right}V96H0Z" fill="hsl({hill} 38% 32%)"/>
<text x="48" y="82" font-family="system-ui,sans-serif" font-size="26" font-weight="600" \
text-anchor="middle" fill="#fff">{initials}</text>
</svg>
"""


def draw(person: Person) -> str:
    """Return an SVG: a sun, a hill and the initials, the same for a person each time."""
    seed = hashlib.sha256(person.person_id.encode()).digest()
    hue = seed[0] * 360 // 256
    initials = "".join(word[0] for word in person.display_name.split()[:2]).upper()
    return _SVG.format(
        name=escape(person.display_name),
        hue=hue,
        hill=(hue + 30) % 360,
        sun=24 + seed[1] % 48,
        left=58 + seed[2] % 14,
        peak=28 + seed[3] % 24,
        right=58 + seed[4] % 14,
        initials=escape(initials),
    )
