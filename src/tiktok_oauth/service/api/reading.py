"""Requests read strictly: bodies within bounds, JSON only, nothing that is not described."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from starlette.exceptions import HTTPException

from tiktok_oauth.service.api import problems
from tiktok_oauth.service.api.problems import RefusalError

if TYPE_CHECKING:
    from starlette.requests import Request

    from tiktok_oauth.service.api.values import Asked
    from tiktok_oauth.service.settings import ServiceSettings

A = TypeVar("A", bound="Asked")

_JSON = "application/json"
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def read_query(request: Request, kind: type[A]) -> A:
    """The query's parameters.

    Raises:
        RefusalError: one is unknown, is there twice, or is not what it should be.
    """
    if not request.scope["query_string"]:
        return kind()
    pairs = request.query_params.multi_items()
    given = dict(pairs)
    if len(given) < len(pairs):
        raise RefusalError(problems.BAD_REQUEST, "A query parameter is there twice.")
    try:
        query = msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        raise RefusalError(problems.BAD_REQUEST, f"In the query: {error}.") from None
    # The word null would count as nothing.
    if any(getattr(query, name) is None for name in given):
        raise RefusalError(problems.BAD_REQUEST, "A query parameter is null: leave it out.")
    return query


async def read_body(request: Request, settings: ServiceSettings, kind: type[A]) -> A:
    """The body, as JSON of one kind.

    Raises:
        RefusalError: it is something else, too large, or does not come.
    """
    body = await _collect(request, settings)
    _check_type(request)
    try:
        return msgspec.json.decode(body, type=kind)
    except _UNREADABLE as error:
        raise RefusalError(problems.BAD_REQUEST, f"In the body: {_said(error)}.") from None


async def read_object(request: Request, settings: ServiceSettings) -> dict[str, Any] | None:
    """The body, as any JSON object; None when there is none.

    Raises:
        RefusalError: it is something else, too large, or does not come.
    """
    body = await _collect(request, settings)
    if not body:
        return None
    _check_type(request)
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except _UNREADABLE as error:
        raise RefusalError(problems.BAD_REQUEST, f"In the body: {_said(error)}.") from None


def _check_type(request: Request) -> None:
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given != _JSON or request.headers.get("content-encoding", "identity") != "identity":
        raise RefusalError(problems.NOT_JSON, f"Send it as {_JSON}, and not compressed.")


async def _collect(request: Request, settings: ServiceSettings) -> bytes:
    """The body's bytes, of which no more are held than may come."""
    body = bytearray()
    try:
        async with asyncio.timeout(settings.patience):
            async for chunk in request.stream():
                body += chunk
                if len(body) > settings.body_limit:
                    raise RefusalError(
                        problems.TOO_LARGE, f"{settings.body_limit:,} bytes are taken at most."
                    )
    except HTTPException as error:
        raise RefusalError(problems.TOO_LARGE, error.detail) from None
    except TimeoutError:
        detail = f"It has to be there within {settings.patience:g} seconds."
        raise RefusalError(problems.TOO_SLOW, detail) from None
    return bytes(body)


def _said(error: Exception) -> str:
    return str(error) if isinstance(error, msgspec.MsgspecError) else "it is no JSON"
