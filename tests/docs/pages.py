"""The project's pages, and what is typed on them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
_FENCE = re.compile(
    r"^(?P<indent> *)(?P<fence>`{3,}|:{3,})(?P<language>[^\n]*)\n"
    r"(?P<text>.*?)^(?P=indent)(?P=fence)$",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block: its language and its text, without the indentation of the fence."""

    language: str
    text: str
    line: int


def pages() -> list[Path]:
    """README and everything below ``docs/``, as it is committed."""
    below = (page for page in DOCS.rglob("*.md") if "_build" not in page.parts)
    return [ROOT / "README.md", *sorted(below)]


def name_of(page: Path) -> str:
    """A page's name as a test's."""
    return str(page.relative_to(ROOT))


def blocks(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page, in order."""
    text = page.read_text("utf-8")
    for found in _FENCE.finditer(text):
        cut = len(found["indent"])
        lines = [line[cut:] for line in found["text"].splitlines()]
        line = text.count("\n", 0, found.start()) + 1
        yield Block(found["language"].strip(), "\n".join(lines) + "\n", line)


def program(page: Path) -> str:
    """All Python blocks of a page: what a reader who follows it to the letter has typed."""
    return "\n".join(block.text for block in blocks(page) if block.language == "python")


def commands(page: Path) -> Iterator[str]:
    """The command lines of a page, continued ones in one piece, without their prompts."""
    for block in blocks(page):
        if block.language != "console":
            continue
        for typed in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
            yield _one_command(typed)


def _one_command(typed: str) -> str:
    """The lines of a prompt that were typed: those of its output are left out."""
    lines = typed.splitlines()
    end = 1
    while end < len(lines) and (lines[end].startswith("  ") or _is_open(lines[:end])):
        end += 1
    return "\n".join(lines[:end])


def _is_open(lines: list[str]) -> bool:
    last = lines[-1].rstrip()
    return last.endswith(("\\", "|", "&&")) or "\n".join(lines).count('"') % 2 == 1
