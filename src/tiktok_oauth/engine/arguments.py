"""Every public argument, judged before any network, in a sentence that names it and the mend.

Secrets arrive wrapped, are looked at in expressions only and are never part of a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from math import isfinite
from typing import TYPE_CHECKING

from tiktok_oauth.config import check_number
from tiktok_oauth.errors import invalid_argument
from tiktok_oauth.protocol.data import encode_body
from tiktok_oauth.protocol.endpoints import DEFAULT_FIELDS, FIELD_SCOPES
from tiktok_oauth.protocol.pkce import is_verifier
from tiktok_oauth.types import QrAuthorization

if TYPE_CHECKING:
    from tiktok_oauth.types import Secret

_LONGEST = 4096
_WORD = re.compile(rf"[\x21-\x7e]{{1,{_LONGEST}}}")
_URL_PARTS = re.compile(r"://|code=")
_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")
_LONGEST_STATE = 1024
_LARGEST = 1 << 63
_TEN_YEARS = 10 * 366 * 86400.0
_PATH = re.compile(r"/v2(/[A-Za-z0-9_-]+)+/?")
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def check_token(name: str, token: Secret) -> None:
    """A token that can be sent: one printable word.

    Raises:
        ValidationError: it is missing, no string, or has whitespace in it.
    """
    problem = _word_problem(token.reveal())
    if problem:
        raise invalid_argument(
            f"{name} {problem}.", "Pass the token exactly as TikTok's answer had it."
        )


def check_code(code: Secret) -> None:
    """An authorization code as a web framework decoded it.

    Raises:
        ValidationError: it is missing, still percent-encoded, or a whole URL.
    """
    mend = "Pass the value of the callback's code parameter as your web framework decoded it."
    problem = _word_problem(code.reveal())
    if problem:
        raise invalid_argument(f"code {problem}.", mend)
    if _URL_PARTS.search(code.reveal()):
        raise invalid_argument("code is a URL or a query string.", mend)
    if _PERCENT.search(code.reveal()):
        raise invalid_argument(
            "code is still percent-encoded.", f"{mend} From an address bar, decode it once."
        )


def check_verifier(verifier: Secret | None) -> None:
    """A code verifier of RFC 7636.

    Raises:
        ValidationError: it is anything else.
    """
    if verifier is not None and not is_verifier(verifier.reveal()):
        raise invalid_argument(
            "code_verifier must be 43 to 128 characters out of A-Z, a-z, 0-9, '-', '.', '_', '~'.",
            "Pass the code_verifier that came with the authorization URL.",
        )


def check_state(state: object) -> str:
    """A state of the caller's own.

    Raises:
        ValidationError: it is empty, no string, too long, or cannot be encoded.
    """
    if not isinstance(state, str) or not state.strip() or len(state) > _LONGEST_STATE:
        raise invalid_argument(
            "state must be a string of 1 to 1024 characters.",
            "Leave it out to get 64 random hex characters.",
        )
    if not state.isprintable():
        raise invalid_argument("state must not hold control characters.")
    return state


def check_flag(name: str, value: object) -> bool | None:
    """True, false (also TikTok's own 1 and 0), or None for neither.

    Raises:
        ValidationError: it is anything else.
    """
    if value is None or (isinstance(value, int) and value in {0, 1}):
        return None if value is None else bool(value)
    raise invalid_argument(f"{name} must be True, False or None.")


def check_fields(fields: object) -> tuple[str, ...]:
    """User-info fields, each once, with ``open_id`` first.

    Raises:
        ValidationError: they are no list of strings, none, or not among TikTok's.
    """
    if fields is None:
        return DEFAULT_FIELDS
    if isinstance(fields, str):
        fields = [part.strip() for part in fields.split(",")]
    if not isinstance(fields, Iterable):
        raise invalid_argument("fields must be a list of strings.")
    names = tuple(fields)
    if not names:
        raise invalid_argument("fields is empty.", "Leave it out to get the basic profile.")
    for place, name in enumerate(names, 1):
        if not isinstance(name, str) or name not in FIELD_SCOPES:
            # Not quoted: it may be a token in the wrong place.
            raise invalid_argument(
                f"fields has something at place {place} that TikTok does not know.",
                f"It knows {', '.join(FIELD_SCOPES)}.",
            )
    return tuple(dict.fromkeys(("open_id", *names)))


def check_method(method: object) -> str:
    """An HTTP method in capitals.

    Raises:
        ValidationError: it is none that TikTok's API uses.
    """
    if isinstance(method, str) and method.upper() in _METHODS:
        return method.upper()
    raise invalid_argument(f"method must be one of {', '.join(_METHODS)}.")


def check_path(path: object) -> str:
    """A path below TikTok's origin: no host, no query, no way out of ``/v2/``.

    Raises:
        ValidationError: it is anything else.
    """
    if isinstance(path, str) and _PATH.fullmatch(path):
        return path
    raise invalid_argument(
        "path must be a path such as /v2/video/list/.",
        "The host comes from base_url; put query parameters into params.",
    )


def check_params(params: object) -> dict[str, str]:
    """Query parameters as text.

    Raises:
        ValidationError: they are no mapping of names to text, numbers or truth values.
    """
    if params is None:
        return {}
    if not isinstance(params, Mapping):
        raise invalid_argument("params must be a mapping.")
    texts: dict[str, str] = {}
    for name, value in params.items():
        if not isinstance(name, str) or not name.isprintable():
            raise invalid_argument("params must have printable names.")
        if "token" in name.lower() or "secret" in name.lower():
            raise invalid_argument(
                "params must not hold a token or a secret: URLs end up in logs.",
                "The access token goes into the Authorization header by itself.",
            )
        text = _parameter(value)
        if text is None:
            raise invalid_argument(
                "params must map names to printable text, numbers or truth values."
            )
        texts[name] = text
    return texts


def _parameter(value: object) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and abs(value) < _LARGEST:
        return str(value)
    if isinstance(value, float) and isfinite(value):
        return str(value)
    return value if isinstance(value, str) and value.isprintable() else None


def encode_json(json: object) -> bytes | None:
    """A JSON object as the body of a request; None stays no body.

    Raises:
        ValidationError: it is no dict, or holds what JSON has no word for.
    """
    if json is None:
        return None
    mend = "It becomes the JSON body: use dicts, lists, text, numbers, truth values and None."
    if not isinstance(json, dict):
        raise invalid_argument("json must be a dict.", mend)
    try:
        return encode_body(json)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        problem = type(error).__name__
    raise invalid_argument(f"json cannot be encoded ({problem}).", mend)


def check_switch(name: str, value: object) -> bool:
    """True or false.

    Raises:
        ValidationError: it is anything else.
    """
    if isinstance(value, bool):
        return value
    raise invalid_argument(f"{name} must be True or False.")


def check_max_age(max_age: object) -> float | None:
    """Seconds a webhook may be old, or None for any age.

    Raises:
        ValidationError: it is anything else.
    """
    if max_age is None:
        return None
    return check_number("max_age", max_age, low=0.0, high=_TEN_YEARS)


def check_qr(login: object) -> QrAuthorization:
    """A QR login as it was started.

    Raises:
        ValidationError: it is anything else.
    """
    if (
        isinstance(login, QrAuthorization)
        and not _word_problem(login.token)
        and not _word_problem(login.client_ticket)
    ):
        check_state(login.state)
        return login
    raise invalid_argument("login must be what start_qr_authorization() returned.")


def _word_problem(value: object) -> str | None:
    if isinstance(value, str) and _WORD.fullmatch(value):
        return None
    if value is None or value == "":
        return "is missing"
    if not isinstance(value, str):
        return "must be a string"
    if re.search(r"\s", value):
        return "has whitespace or a newline in it"
    if len(value) > _LONGEST:
        return "is too long"
    return "has characters that TikTok never issues"
