"""The API's description (OpenAPI 3.1), made from the table of operations."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec

from tiktok_oauth.service.api import problems
from tiktok_oauth.service.api.operations import OPERATIONS
from tiktok_oauth.service.api.problems import MEDIA_TYPE, Problem
from tiktok_oauth.version import VERSION

if TYPE_CHECKING:
    from tiktok_oauth.service.api.operations import Operation
    from tiktok_oauth.service.api.problems import Kind

PREFIX = "/api/v1"
DESCRIPTION_PATH = f"{PREFIX}/openapi.json"

_REFERENCE = "#/components/schemas/{name}"
_PATH_WORD = re.compile(r"\{(\w+)(?::path)?\}")
_ANY = (
    *(problems.BAD_REQUEST, problems.NO_KEY, problems.WRONG_SCOPE, problems.TOO_OFTEN),
    *(problems.TOO_LARGE, problems.WRONG_HOST),
)
_WORDS = {
    "open_id": "The account.",
    "path": "TikTok's own path, which begins with v2.",
}
_SERVERS = 500
_Json = dict[str, Any]

_INFO = """Fresh TikTok access tokens for programs in any language.

Send an API key as `Authorization: Bearer tko_...`. A key has one of three scopes: `read`, `token`
(which may do what `read` may, and get tokens) or `admin`. Errors are problem documents (RFC 9457):
`action` says whether to retry, refresh or fail, and `type` names the kind of problem."""


@cache
def description() -> bytes:
    """The whole description, as JSON."""
    paths: dict[str, _Json] = defaultdict(dict)
    for operation in OPERATIONS:
        path = PREFIX + _PATH_WORD.sub(r"{\1}", operation.path)
        paths[path][operation.method.lower()] = _operation(operation)
    _, schemas = msgspec.json.schema_components(_forms(), ref_template=_REFERENCE)
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {"title": "tiktok-oauth", "version": VERSION, "description": _INFO},
            "paths": paths,
            "components": {
                "schemas": {name: _tidy(schema) for name, schema in schemas.items()},
                "securitySchemes": {
                    "apiKey": {
                        "type": "http",
                        "scheme": "bearer",
                        "description": "An API key: tko_...",
                    }
                },
            },
            "security": [{"apiKey": []}],
        }
    )


def _forms() -> list[Any]:
    """Everything that has a name of its own among the schemas."""
    named = (form for one in OPERATIONS for form in (one.body, one.answer))
    return [Problem, *(form for form in named if isinstance(form, type) and form is not dict)]


def _operation(operation: Operation) -> _Json:
    summary, _, text = operation.text.partition("\n\n")
    described: _Json = {
        "operationId": operation.name,
        "summary": summary,
        "description": f"{text}\n\nNeeds the scope `{operation.scope}`.".strip(),
        "parameters": [*_path_parameters(operation), *query_parameters(operation)],
        "responses": {str(operation.status): _answer(operation), **_refusals(operation)},
    }
    if operation.body is not None:
        is_free = operation.body is dict
        described["requestBody"] = {
            "required": not is_free,
            "content": {"application/json": {"schema": _schema(operation.body)}},
        }
    return described


def _path_parameters(operation: Operation) -> list[_Json]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": _WORDS[name],
            "schema": {"type": "string", "minLength": 1},
        }
        for name in _PATH_WORD.findall(operation.path)
    ]


def query_parameters(operation: Operation) -> list[_Json]:
    """An operation's query parameters: the fields of what is read from the query."""
    [reference], schemas = msgspec.json.schema_components([operation.query], ref_template="{name}")
    fields = schemas[reference["$ref"]]["properties"]
    return [
        {
            "name": name,
            "in": "query",
            "required": False,
            **({"description": schema.pop("description")} if "description" in schema else {}),
            "schema": schema,
        }
        for name, schema in ((name, _not_null(field)) for name, field in fields.items())
    ]


def _not_null(schema: _Json) -> _Json:
    """A field's schema without the null that stands for a parameter that is not there."""
    if "anyOf" not in schema:
        return dict(schema)
    [kept] = [one for one in schema["anyOf"] if one != {"type": "null"}]
    return dict(kept)


def _answer(operation: Operation) -> _Json:
    if operation.answer is None:
        return {"description": "Done."}
    if isinstance(operation.answer, str):
        return {"description": "A stream.", "content": {operation.answer: {}}}
    content = {"application/json": {"schema": _schema(operation.answer)}}
    return {"description": "Done.", "content": content}


def _refusals(operation: Operation) -> dict[str, _Json]:
    """The problems of an operation, by status."""
    by_status: dict[str, list[Kind]] = defaultdict(list)
    for kind in (*_ANY, *operation.problems, problems.BROKEN):
        # TikTok's own failures are told by its own status.
        by_status["5XX" if kind.status >= _SERVERS else str(kind.status)].append(kind)
    return {
        status: {
            "description": "; ".join(dict.fromkeys(kind.title for kind in kinds)) + ".",
            "content": {MEDIA_TYPE: {"schema": _schema(Problem)}},
        }
        for status, kinds in sorted(by_status.items())
    }


def _schema(form: Any) -> _Json:  # noqa: ANN401 - whatever msgspec describes
    [schema], _ = msgspec.json.schema_components([form], ref_template=_REFERENCE)
    return dict(schema)


def _tidy(schema: _Json) -> _Json:
    """A schema whose description is one paragraph: the attributes are told beside each."""
    text = schema.get("description", "").partition("\n\n")[0]
    return {**schema, "description": text} if text else schema
