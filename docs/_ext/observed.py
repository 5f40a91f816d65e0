"""Log lines, events and figures, seen while a client works against a sandbox in this process."""

from __future__ import annotations

import contextlib
import functools
import hmac
import json
import logging
import re
import time
import typing
from dataclasses import dataclass, fields
from urllib.parse import parse_qs, urlsplit

from docs._ext.text import code, codes, table
from tiktok_oauth import events as told
from tiktok_oauth.client import TikTokOAuth
from tiktok_oauth.errors import TikTokAPIError
from tiktok_oauth.observe.logs import logger
from tiktok_oauth.sandbox.serve import Sandbox
from tiktok_oauth.types import CallMetrics
from tiktok_oauth.vault.listeners import VaultEvent

_LINE = re.compile(r"\[TikTokOAuth\] (?P<method>\w+) - (?P<text>.*)")
_ATTRIBUTE = re.compile(r"^ {8}(\w+): (.*(?:\n {12}.*)*)", re.MULTILINE)
_LEVELS = {"DEBUG": "debug", "INFO": "info", "WARNING": "warn", "ERROR": "error"}

FIELDS = {
    "attempt": "which attempt, counted from 1",
    "code": "one of the eight codes",
    "correlationId": "the ID of the call, on all of its lines",
    "delay": "the pause before the next attempt, as `100ms`",
    "duration": "from the request to the end of the answer, as `245ms`",
    "error": "what happened, in one sentence",
    "event": "TikTok's name of the webhook's event",
    "expiresIn": "how long the access token lives, as `7200s`",
    "fields": "the fields of user info that were asked for",
    "hint": "what to do next",
    "logId": "TikTok's own ID of the request, for their support",
    "method": "the HTTP method",
    "online": "whether TikTok was asked",
    "openId": "the person",
    "path": "the endpoint of `request`",
    "retryable": "whether the same call may succeed later",
    "scopes": "granted or asked scopes, with commas between",
    "status": "the HTTP status; of a QR login its state",
    "tiktokCode": "TikTok's error string",
    "timestamp": "when, in UTC, as `2026-11-22T10:30:00.000Z`",
    "url": "the address without its query",
}
"""Field of a line's ``data`` -> what it is."""


@dataclass(frozen=True, slots=True)
class Line:
    """One log line that was seen."""

    level: str
    method: str
    text: str
    names: tuple[str, ...]


class _Ear(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[Line] = []

    def emit(self, record: logging.LogRecord) -> None:
        said = _LINE.fullmatch(record.getMessage())
        if said:
            names = tuple(record.__dict__.get("data", {}))
            self.lines.append(Line(_LEVELS[record.levelname], said["method"], said["text"], names))


@functools.cache
def session() -> tuple[Line, ...]:
    """Every line that one call of each method writes, with a failure and a retry among them."""
    ear, level, propagates = _Ear(), logger.level, logger.propagate
    logger.addHandler(ear)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    try:
        _walk()
    finally:
        logger.removeHandler(ear)
        logger.setLevel(level)
        logger.propagate = propagates
    return tuple(ear.lines)


def _walk() -> None:
    sandbox = Sandbox(seed=1)
    with TikTokOAuth(
        sandbox.client_key,
        sandbox.client_secret,
        "http://127.0.0.1:8000/callback",
        base_url="http://127.0.0.1:4010",
        authorize_url="http://127.0.0.1:4010/v2/auth/authorize/",
        transport=sandbox.transport,
    ) as client:
        start = client.get_authorization_url(["user.info.basic", "video.list"])
        callback = parse_qs(urlsplit(sandbox.authorize(start.url)).query)
        tokens = client.exchange_code_for_tokens(
            callback["code"][0], code_verifier=start.code_verifier
        )
        sandbox.fault("server_error", endpoint="refresh", count=1)
        tokens = client.refresh_access_token(tokens.refresh_token)
        client.get_user_info(tokens.access_token)
        client.request(
            tokens.access_token, "POST", "/v2/video/list/", params={"fields": "id"}, json={}
        )
        client.get_client_access_token()
        client.poll_qr_authorization(client.start_qr_authorization())
        client.validate_credentials()
        client.revoke_access(tokens.access_token)
        client.revoke_access(tokens.access_token)
        client.verify_webhook(*_webhook(sandbox.client_key, sandbox.client_secret))
        with contextlib.suppress(TikTokAPIError):
            client.get_user_info(tokens.access_token)


def _webhook(client_key: str, secret: str) -> tuple[dict[str, str], bytes]:
    """A delivery as TikTok signs it."""
    now = int(time.time())
    event = {"client_key": client_key, "event": "authorization.removed", "create_time": now}
    body = json.dumps({**event, "user_openid": "-000", "content": '{"reason": 1}'}).encode()
    mark = hmac.new(secret.encode(), b"%d.%s" % (now, body), "sha256").hexdigest()
    return {"TikTok-Signature": f"t={now},s={mark}"}, body


def _kind(text: str) -> str:
    return re.sub(r"\d+/\d+", "n/m", text)


def log_lines() -> str:
    """Each kind of line: when it is written, its level, its fields."""
    lines = [line for line in session() if line.text != "Success"]
    rows = []
    for kind in dict.fromkeys(_kind(line.text) for line in lines):
        same = [line for line in lines if _kind(line.text) == kind]
        always = set.intersection(*(set(line.names) for line in same))
        names = dict.fromkeys(name for line in same for name in line.names)
        shown = [code(n) if n in always else f"({code(n)})" for n in names]
        rows.append((kind, code(same[0].level), ", ".join(shown)))
    success = [line for line in session() if line.text == "Success"]
    for method in dict.fromkeys(line.method for line in success):
        line = next(line for line in success if line.method == method)
        rows.append((f"Success of {code(method)}", code(line.level), codes(line.names)))
    head = table(("line", "level", "fields of `data`"), rows)
    meanings = table(("field", "meaning"), ((code(n), text) for n, text in FIELDS.items()))
    return f"{head}\n\n{meanings}"


def events() -> str:
    """The events below the lines, with their fields."""
    kinds = [
        kind
        for kind in vars(told).values()
        if isinstance(kind, type) and issubclass(kind, told.Event) and kind is not told.Event
    ]
    rows = [
        (
            code(kind.__name__),
            (kind.__doc__ or "").replace("``", "`"),
            codes(kind.__struct_fields__),
        )
        for kind in kinds
    ]
    return table(("event", "when", "fields"), rows)


def metrics_fields() -> str:
    """What ``metrics()`` returns."""
    hints = typing.get_type_hints(CallMetrics)
    meanings = dict(_ATTRIBUTE.findall(CallMetrics.__doc__ or ""))
    more = {"success_rate": "successes / requests.", "error_rate": "errors / requests."}
    rows = [
        (
            code(field.name),
            code(getattr(hints[field.name], "__name__", "Mapping")),
            meanings.get(field.name, more.get(field.name, "")).replace("``", "`"),
        )
        for field in fields(CallMetrics)
    ]
    return table(("field", "type", "meaning"), rows)


def vault_events() -> str:
    """What a listener of a vault is told."""
    text = dict(_ATTRIBUTE.findall(VaultEvent.__doc__ or ""))
    kinds = re.findall(r"``(\w+)``", text["kind"])
    rows = [(code(kind), VAULT_EVENTS[kind]) for kind in kinds]
    return table(("kind", "what happened"), rows)


VAULT_EVENTS = {
    "refreshed": "The account has new tokens, and they are on disk.",
    "connected": "A person gave their consent, or tokens were adopted; `detail` has the scopes.",
    "authorization_removed": "TikTok said so by a webhook. The account needs a login.",
    "disconnected": "It was disconnected here, and revoked at TikTok.",
    "needs_login": "The account was given up; `reason` on the account says why.",
    "refresh_refused": "TikTok refused the refresh token. It is tried again before it counts.",
    "refresh_unanswered": "A request went out and no answer came: TikTok may have handled it.",
    "refresh_not_sent": "No connection: TikTok certainly got nothing.",
    "refresh_failed": "TikTok answered, but could not help: 429, a 5xx, wrong credentials.",
    "other_account": "The answer held another person's tokens. The account is blocked.",
}
