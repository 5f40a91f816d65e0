"""The code under test: the vault's own modules, or a copy of them with one line changed."""

from __future__ import annotations

import importlib
import re
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType

from tests.simulation.database import Database

_PACKAGE = "tiktok_oauth.vault"
_HOMES = {
    "sql": "stores.sql",
    "sqlboots": "stores.sqlboots",
    "sqlclaims": "stores.sqlclaims",
    "sqlstore": "stores.sqlstore",
    "sqliteconnection": "stores.sqliteconnection",
    "ports": "refresh.ports",
    "answers": "refresh.answers",
    "ladder": "refresh.ladder",
    "place": "refresh.place",
    "renew": "refresh.renew",
    "barrier": "refresh.barrier",
    "turns": "refresh.turns",
    "recover": "refresh.recover",
}
"""What can be changed, imported modules before those that import them."""


@dataclass(frozen=True)
class Edit:
    """One change of one module's text: ``old`` stands in it exactly once."""

    module: str
    old: str
    new: str


class Stories:
    """The modules of one version of the vault, and a database for its worlds."""

    def __init__(self, modules: dict[str, ModuleType]) -> None:
        self.sqlite = modules["sqliteconnection"]
        self.sqlstore = modules["sqlstore"]
        self.ports = modules["ports"]
        self.answers = modules["answers"]
        self.place = modules["place"]
        self.renew = modules["renew"]
        self.barrier = modules["barrier"]
        self.turns = modules["turns"]
        self.recover = modules["recover"]
        self.database = Database(self)


@cache
def real() -> Stories:
    """The vault as it is."""
    return Stories(
        {name: importlib.import_module(f"{_PACKAGE}.{home}") for name, home in _HOMES.items()}
    )


def source(module: str) -> str:
    """The text of a module."""
    file = importlib.import_module(f"{_PACKAGE}.{_HOMES[module]}").__file__
    assert file is not None
    return Path(file).read_text(encoding="utf-8")


@cache
def changed(name: str, edits: tuple[Edit, ...]) -> Stories:
    """A copy of the vault with some lines changed."""
    package = re.sub(r"\W", "_", f"mutant {name}")
    sys.modules[package] = ModuleType(package)
    modules = {}
    for module in _HOMES:
        text = source(module)
        for edit in edits:
            if edit.module == module:
                assert text.count(edit.old) == 1, f"{name}: the edit no longer applies"
                text = text.replace(edit.old, edit.new)
        for other, home in _HOMES.items():
            text = text.replace(f"from {_PACKAGE}.{home} import", f"from {package}.{other} import")
        for room in ("refresh", "stores"):
            text = text.replace(f"from {_PACKAGE}.{room} import", f"from {package} import")
        made = ModuleType(f"{package}.{module}")
        sys.modules[made.__name__] = modules[module] = made
        exec(compile(text, f"<{made.__name__}>", "exec"), made.__dict__)  # noqa: S102 - our own text
        setattr(sys.modules[package], module, made)
    return Stories(modules)
