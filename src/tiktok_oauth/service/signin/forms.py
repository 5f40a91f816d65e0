"""Forms: read within bounds, and only when our own page has sent them."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

FIELD = "token"
_BODY_LIMIT = 16_384
_FIELDS_LIMIT = 32


async def read_form(request: Request) -> Mapping[str, str] | None:
    """The fields of a form, the first of each name; None when it is none, or too large."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        return None
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _BODY_LIMIT:
            return None
    try:
        fields = parse_qs(
            body.decode("utf-8"), keep_blank_values=True, max_num_fields=_FIELDS_LIMIT
        )
    except ValueError:
        return None
    return {name: values[0] for name, values in fields.items()}


def is_from_elsewhere(request: Request, own_origin: str) -> bool:
    """Whether the browser says that another site's page has sent this.

    Our pages send no referrer, and browsers then tell ``null`` as the origin of a form: that
    says nothing. The token decides where browsers say nothing.
    """
    if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return True
    return request.headers.get("origin", "null") not in {"null", own_origin}


def has_token(form: Mapping[str, str], token: str) -> bool:
    """Whether a form carries its session's token."""
    return hmac.compare_digest(form.get(FIELD, "").encode(), token.encode())
