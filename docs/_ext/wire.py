"""TikTok's endpoints, scopes and profile fields, as the code has them."""

from __future__ import annotations

from docs._ext.text import code, table
from tiktok_oauth.protocol import endpoints as known
from tiktok_oauth.sandbox.api import ENDPOINTS
from tiktok_oauth.sandbox.catalog import SCOPES
from tiktok_oauth.types import TikTokUserInfo


def scopes() -> str:
    """The scopes the sandbox offers, in the order TikTok answers in."""
    fields_of = {
        scope: [field for field, needed in known.FIELD_SCOPES.items() if needed == scope]
        for scope in SCOPES
    }
    rows = [
        (code(scope), text, ", ".join(code(field) for field in fields_of[scope]))
        for scope, text in SCOPES.items()
    ]
    return table(("scope", "the person reads", "fields of user info"), rows)


def profile_fields() -> str:
    """Each field of user info, with its type and scope."""
    hints = TikTokUserInfo.__annotations__
    rows = [
        (
            code(field),
            code(str(hints[field]).replace(" | None", "")),
            code(scope),
            "yes" if field in known.DEFAULT_FIELDS else "",
        )
        for field, scope in known.FIELD_SCOPES.items()
    ]
    return table(("field", "type", "scope", "asked for by default"), rows)


def endpoints() -> str:
    """What is known of each endpoint: by the client, and by the sandbox."""
    rows = [
        (
            code(path),
            code(endpoint.name),
            code(endpoint.method),
            ", ".join(code(s) for s in sorted(getattr(endpoint, "scopes", ()))),
            _repeated(path, endpoint.method),
        )
        for path, endpoint in ENDPOINTS.items()
    ]
    return table(("path", "name in the sandbox", "method", "any of these scopes", "repeated"), rows)


def _repeated(path: str, method: str) -> str:
    if path.startswith("/v2/oauth/") or method == "GET" or path in known.REPEATABLE_POSTS:
        return "yes"
    return "only if certainly not sent"
