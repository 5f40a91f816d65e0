"""Tables that fit a phone: each cell knows what its column is called, when rows become cards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from docutils import nodes  # type: ignore[import-untyped]  # it ships no types
from sphinx.writers.html5 import HTML5Translator

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata

PHONE = 40
"""Letters beside each other."""
GAP = 2
"""As many of them lie between two columns."""
ROOM = 24
"""As many of them as a sentence wants, however long it is."""


def heads(table: nodes.Element) -> list[str]:
    """The words above each column."""
    row = next(iter(table.findall(nodes.thead)), nodes.thead())
    return [entry.astext() for entry in row.findall(nodes.entry)]


def breadth(cells: list[str]) -> int:
    """How many letters a column should be wide: its longest word, and some lines for sentences."""
    word = max((len(word) for cell in cells for word in cell.split()), default=0)
    return max(word, min(ROOM, max(len(cell) for cell in cells) // 5))


def fits_a_phone(table: nodes.Element) -> bool:
    """Whether all columns have room beside each other."""
    rows = [[cell.astext() for cell in row.children] for row in table.findall(nodes.row)]
    return sum(breadth(list(column)) + GAP for column in zip(*rows, strict=True)) <= PHONE


class Translator(HTML5Translator):
    """Writes HTML as Sphinx does, and says in each cell what it is about."""

    def visit_table(self, node: nodes.Element) -> None:
        """Mark the tables to be taken apart; one whose first head is empty compares, and is not."""
        named = heads(node)
        if named and named[0] and not fits_a_phone(node):
            node["classes"].append("stacked")
        super().visit_table(node)

    def starttag(self, node: nodes.Element, tagname: str, *rest: Any, **attributes: Any) -> str:  # noqa: ANN401 - as docutils has it
        """Begin an element."""
        if tagname == "td" and isinstance(node, nodes.entry) and node.astext():
            above = heads(node.parent.parent.parent)
            attributes["data-head"] = above[node.parent.index(node)] if above else ""
        tag: str = super().starttag(node, tagname, *rest, **attributes)
        return tag


def setup(app: Sphinx) -> ExtensionMetadata:
    """Have pages written so."""
    app.set_translator("html", Translator)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
