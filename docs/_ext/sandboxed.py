"""The sandbox's faults, knobs, people and control calls, as they are in its code."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from importlib.resources import files
from typing import Any

from docs._ext.text import code, codes, table
from tiktok_oauth.sandbox.catalog import PEOPLE
from tiktok_oauth.sandbox.faults import FAULTS, Fault
from tiktok_oauth.sandbox.knobs import PROFILES, Knobs
from tiktok_oauth.sandbox.rules import TARGETS

_ATTRIBUTE = re.compile(r"^ {8}(\w+): (.*(?:\n {12}.*)*)", re.MULTILINE)


def faults() -> str:
    """Every fault with its meaning, its own defaults, and how much of the answer goes out."""
    rows = [
        (
            code(name),
            fault.meaning,
            codes(_defaults(fault)),
            "" if fault.play is None else code(fault.delivered),
        )
        for name, fault in FAULTS.items()
    ]
    return table(("fault", "what happens", "unless told otherwise", "delivered"), rows)


def _defaults(fault: Fault) -> list[str]:
    told = []
    if fault.seconds:
        told.append(f"seconds={fault.seconds:g}")
    if fault.status != Fault("").status:
        told.append(f"status={fault.status}")
    return told


def knobs() -> str:
    """Every knob with its default, the one of the profile ``2025``, and its meaning."""
    meanings = dict(_ATTRIBUTE.findall(Knobs.__doc__ or ""))
    old = PROFILES["2025"]
    rows = [
        (
            code(knob.name),
            code(_shown(knob.default)),
            "" if getattr(old, knob.name) == knob.default else code(getattr(old, knob.name)),
            meanings[knob.name].replace("``", "`"),
        )
        for knob in fields(Knobs)
    ]
    return table(("knob", "default", "in profile `2025`", "meaning"), rows)


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def targets() -> str:
    """What a fault can be for."""
    return codes(TARGETS)


def people() -> str:
    """Who lives in a new world."""
    rows = [
        (
            code(person.person_id),
            person.display_name,
            code(person.username),
            "yes" if person.is_verified else "no",
            f"{person.followers:,}",
            f"{person.videos:,}",
        )
        for person in PEOPLE
    ]
    return table(("person", "display name", "username", "verified", "followers", "videos"), rows)


def controls() -> str:
    """Each control call with the fields of its body, from the OpenAPI description."""
    api = json.loads((files("tiktok_oauth.sandbox") / "openapi.json").read_text("utf-8"))
    parts = []
    for path, calls in api["paths"].items():
        for method, call in calls.items():
            parts += _call(api, path, method, call)
    return "\n\n".join(parts)


def _call(api: dict[str, Any], path: str, method: str, call: dict[str, Any]) -> list[str]:
    parts = [f"### {method.upper()} {path}", f"{call['summary']}."]
    rows: list[tuple[str, ...]] = [
        (code(given["name"]), "query", _kind(given["schema"]), given.get("description", ""))
        for given in call.get("parameters", [])
    ]
    if body := call.get("requestBody"):
        rows += _fields(api, body["content"]["application/json"]["schema"], "body")
    if rows:
        parts.append(table(("field", "in", "type", "meaning"), rows))
    answer = next(iter(call["responses"].values()))
    if schema := answer.get("content", {}).get("application/json", {}).get("schema"):
        told = _fields(api, schema, "answer")
        if told:
            parts.append(table(("field", "in", "type", "meaning"), told))
    statuses = codes(call["responses"])
    parts.append(f"Statuses: {statuses}.")
    return parts


def _fields(api: dict[str, Any], schema: dict[str, Any], where: str) -> list[tuple[str, ...]]:
    """The fields of an object, of each of several kinds of it, or of those it is a list of."""
    schema = _resolved(api, schema)
    if "items" in schema:
        return _fields(api, schema["items"], f"{where}, each")
    rows: list[tuple[str, ...]] = []
    for kind in schema.get("anyOf", schema.get("oneOf", [])):
        rows += [row for row in _fields(api, kind, where) if row not in rows]
    needed = schema.get("required", [])
    for name, value in schema.get("properties", {}).items():
        target = _resolved(api, value)
        meaning = value.get("description") or target.get("description") or ""
        must = ", needed" if name in needed and where == "body" else ""
        rows.append((code(name), where, _kind(value) + must, meaning))
    return rows


def _resolved(api: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        found: dict[str, Any] = api["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return found
    return schema


def _kind(schema: dict[str, Any]) -> str:
    """A schema's type in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "enum" in schema:
        return codes(schema["enum"])
    if "const" in schema:
        return code(schema["const"])
    for word in ("anyOf", "oneOf"):
        if word in schema:
            return " or ".join(_kind(one) for one in schema[word])
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    kind = schema.get("type", "anything")
    return " or ".join(kind) if isinstance(kind, list) else str(kind)
