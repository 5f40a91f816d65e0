"""The sandbox's pages: all escaped, no inline script, and a banner that says what this is not."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tiktok_oauth.sandbox.http import Answer

_HERE = Path(__file__).parent
STATIC = _HERE / "static"

_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def moment(seconds: float) -> str:
    """Return a Unix time as a date and a time of day in UTC."""
    return f"{datetime.fromtimestamp(seconds, UTC):%d %B %Y, %H:%M:%S} UTC".lstrip("0")


def machine_time(seconds: float) -> str:
    """Return a Unix time as a ``time`` element has it in its attribute."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"


def duration(seconds: float) -> str:
    """Return a length of time in its largest unit, and the next one."""
    rest = round(seconds)
    first = next((at for at, (_, size) in enumerate(_UNITS) if rest >= size), len(_UNITS) - 1)
    parts: list[str] = []
    for unit, size in _UNITS[first : first + 2]:
        count, rest = divmod(rest, size)
        if count or not parts:
            parts.append(f"{count} {unit}")
    return " ".join(parts)


_templates = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters["duration"] = duration
_templates.filters["machine_time"] = machine_time
_templates.filters["moment"] = moment

REMEDIES = {
    ("param_error", "client_key"): (
        "There is no client_key in the request. TikTok does not read client_id."
    ),
    ("unauthorized_client", "client_key"): (
        "No app has this client_key. At TikTok the same page greets an app that is a draft, in"
        " review or without Login Kit."
    ),
    ("unsupported_response_type", "response_type"): "response_type has to be code.",
    ("invalid_request", "redirect_uri"): (
        "Use https on a host with a domain name, or http(s) on localhost or 127.0.0.1 with its"
        " port; without query and fragment, shorter than 512 characters. At TikTok it must also"
        " equal a registered one to the character."
    ),
    ("invalid_scope", "scope"): (
        "Separate scopes by commas, without spaces, and ask only for scopes that the app has."
        " A single wrong one refuses them all."
    ),
    ("param_error", "code_challenge"): (
        "A redirect to localhost or 127.0.0.1 is TikTok's desktop kind, which needs PKCE. Send"
        " the lower-case hex SHA-256 of the code verifier."
    ),
    ("param_error", "code_challenge_method"): "code_challenge_method has to be S256.",
}
"""(error, error_type) -> what to correct."""


def page(
    name: str, *, form_action: str = "'none'", scripted: bool = False, **context: object
) -> Answer:
    """Return a rendered template under a policy that allows nothing but our own files.

    Args:
        name: the template, without its ending.
        form_action: where forms may lead, in the policy's words. Chromium also applies it to
            the redirect that answers a form, so the app's origin belongs in it.
        scripted: whether a script of ours may run, and call the sandbox.
        context: the template's variables.
    """
    policy = (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none';"
        f" frame-ancestors 'none'; form-action {form_action}"
    )
    referrer = b"no-referrer"
    if scripted:
        policy += "; script-src 'self'; connect-src 'self'"
        # With no referrer at all, browsers would not tell us the origin of our own forms either.
        referrer = b"same-origin"
    headers = (
        (b"content-type", b"text/html; charset=utf-8"),
        (b"cache-control", b"no-store"),
        (b"content-security-policy", policy.encode()),
        (b"referrer-policy", referrer),
        (b"x-content-type-options", b"nosniff"),
        (b"x-frame-options", b"DENY"),
    )
    html = _templates.get_template(f"{name}.html").render(context)
    return Answer(200, headers, html.encode("utf-8", "replace"))
