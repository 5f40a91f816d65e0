"""What strangers choose, made harmless: names, texts and the addresses of pictures."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tiktok_oauth.service.settings import origin_of

if TYPE_CHECKING:
    from tiktok_oauth.service.settings import ServiceSettings

_LONGEST_NAME = 64
_LONGEST_TEXT = 400
_LONGEST_URL = 2_048
_MOST_MARKS = 3
_JOINERS = frozenset("\u200c\u200d")
"""Part of many scripts and of emoji, unlike everything else that is invisible."""
_BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters without a shape."""
_SPACES = re.compile(r"\s+")
_URL = re.compile(r"[\x21-\x7e]+")


def clean_name(text: str | None) -> str:
    """A name on one line: nothing that hides, turns the writing around or piles up."""
    return _cut(_clean(text or ""), _LONGEST_NAME)


def clean_text(text: str | None) -> str:
    """A longer text, by the same rules."""
    return _cut(_clean(text or ""), _LONGEST_TEXT)


def safe_picture(url: str | None, settings: ServiceSettings) -> str | None:
    """The address of a picture, if a browser may load it: https, or the sandbox's own."""
    return url if url and _may_load(url, settings) else None


def safe_link(url: str | None) -> str | None:
    """An address that a person may follow, if it is one of TikTok's by https."""
    if not url or not _URL.fullmatch(url) or len(url) > _LONGEST_URL:
        return None
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return None
    is_theirs = host == "tiktok.com" or host.endswith(".tiktok.com")
    return url if parts.scheme == "https" and is_theirs and "@" not in parts.netloc else None


def _may_load(url: str, settings: ServiceSettings) -> bool:
    if not _URL.fullmatch(url) or len(url) > _LONGEST_URL or "\\" in url:
        return False
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        return False
    if settings.is_sandbox and origin_of(url) == origin_of(settings.base_url):
        return True
    return parts.scheme == "https" and bool(host) and "@" not in parts.netloc


def _clean(text: str) -> str:
    shown: list[str] = []
    marks = 0
    for character in _SPACES.sub(" ", text):
        category = unicodedata.category(character)
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        hidden = category[0] == "C" and character not in _JOINERS
        if not hidden and character not in _BLANKS and marks <= _MOST_MARKS:
            shown.append(character)
    return _SPACES.sub(" ", "".join(shown)).strip(" \u200c\u200d")


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"
