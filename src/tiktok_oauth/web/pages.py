"""An error as an answer: a page for people, JSON for programs."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from tiktok_oauth.web.flow import NO_STORE

if TYPE_CHECKING:
    from tiktok_oauth.errors import TikTokAPIError
    from tiktok_oauth.web.words import ErrorPage

_STYLE = """
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 34rem; margin: 12vh auto; padding: 0 1.25rem; }
h1 { font-size: 1.6rem; line-height: 1.2; }
button, .button { display: inline-block; font: inherit; padding: .5rem 1rem; border-radius: .5rem;
  border: 0; background: #111; color: #fff; text-decoration: none; cursor: pointer; }
dl { margin-top: 2.5rem; font-size: .85rem; opacity: .75; }
dd { margin: 0 0 .5rem; overflow-wrap: anywhere; }
@media (prefers-color-scheme: dark) { button, .button { background: #eee; color: #111; } }
"""
_DIGEST = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; frame-ancestors 'none'"
)
"""The ``Content-Security-Policy`` of our own page."""


@dataclass(frozen=True, slots=True)
class Form:
    """How a page begins a login: where it posts to, and the hidden field that it sends.

    In a Jinja or Django template the form itself is the hidden field.
    """

    action: str
    field: str
    token: str

    @property
    def hidden(self) -> str:
        """The hidden field as HTML."""
        return f'<input type="hidden" name="{escape(self.field)}" value="{escape(self.token)}">'

    def __html__(self) -> str:
        return self.hidden


def wants_html(accept: str) -> bool:
    """Whether a request comes from a browser rather than a program."""
    return "text/html" in accept.lower()


def error_headers(page: ErrorPage) -> dict[str, str]:
    """The headers of an error's answer, but for its type and its policy."""
    headers = dict(NO_STORE)
    if page.retry_after is not None:
        headers["Retry-After"] = str(page.retry_after)
    return headers


def error_json(error: TikTokAPIError, page: ErrorPage) -> str:
    """An error for programs."""
    told = {
        "code": str(error.code),
        "message": error.message,
        "action": str(error.action),
        "hint": error.hint,
        "reason": page.reason,
        "retry_after": error.retry_after,
        "correlation_id": error.correlation_id,
        "log_id": error.log_id,
    }
    return json.dumps({"error": {name: value for name, value in told.items() if value}})


def error_html(page: ErrorPage, form: Form, home: str) -> str:
    """An error for people: self-contained, readable on a phone and in the dark."""
    details = "".join(f"<dt>{escape(n)}</dt><dd>{escape(v)}</dd>" for n, v in page.details)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(page.title)}</title><style>{_STYLE}</style></head><body><main>"
        f"<h1>{escape(page.title)}</h1><p>{escape(page.advice)}</p>{_button(page, form)}"
        f'<p><a href="{escape(home)}">Back</a></p>'
        f"{f'<dl>{details}</dl>' if details else ''}</main></body></html>"
    )


def _button(page: ErrorPage, form: Form) -> str:
    if page.consent is not None:
        link = escape(page.consent.url)
        return f'<p><a class="button" rel="noreferrer" href="{link}">Allow it at TikTok</a></p>'
    if page.remedy == "connect":
        return (
            f'<form method="post" action="{escape(form.action)}">{form.hidden}'
            "<button>Connect TikTok</button></form>"
        )
    if page.remedy == "reload":
        return '<p><a class="button" href="">Try again</a></p>'
    return ""
