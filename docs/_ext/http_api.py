"""The service's API, from the table that its routes are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from docs._ext.text import code, table
from tiktok_oauth.service.api.openapi import PREFIX, query_parameters
from tiktok_oauth.service.api.operations import OPERATIONS
from tiktok_oauth.service.api.problems import OURS, TIKTOKS, TYPE_PREFIX

if TYPE_CHECKING:
    from tiktok_oauth.service.api.operations import Operation


def operations() -> str:
    """Every endpoint: what it does, what it takes, what it answers."""
    seen: set[str] = set()
    parts = []
    for operation in OPERATIONS:
        if operation.text not in seen:
            seen.add(operation.text)
            parts.append(_part(operation))
    return "\n\n".join(parts)


def _part(operation: Operation) -> str:
    path = PREFIX + operation.path.replace(":path", "")
    same = [one.method for one in OPERATIONS if one.text == operation.text]
    lines = [f"### {', '.join(same)} {path}", operation.text, f"Scope: {code(operation.scope)}."]
    rows = [
        (code(one["name"]), one.get("description", ""), "query")
        for one in query_parameters(operation)
    ]
    if isinstance(operation.body, type) and issubclass(operation.body, msgspec.Struct):
        rows += [(code(name), _about(operation.body, name), "body") for name in _fields(operation)]
    if rows:
        lines.append(table(("name", "what it is", "where"), rows))
    return "\n\n".join(lines)


def _fields(operation: Operation) -> tuple[str, ...]:
    body = operation.body
    if isinstance(body, type) and issubclass(body, msgspec.Struct):
        return body.__struct_fields__
    return ()


def _about(body: type, name: str) -> str:
    """What is said of a field."""
    [reference], schemas = msgspec.json.schema_components([body], ref_template="{name}")
    field = schemas[reference["$ref"]]["properties"][name]
    found = [field, *field.get("anyOf", [])]
    return next((one["description"] for one in found if "description" in one), "")


def problem_kinds() -> str:
    """Every kind of problem, by the end of its type."""
    rows = [
        (code(kind.slug), str(kind.status), code(kind.code.value), kind.title)
        for kind in sorted({*OURS, *TIKTOKS})
    ]
    return table((f"`{TYPE_PREFIX}`...", "status", "code", "what it is"), rows)
