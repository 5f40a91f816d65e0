"""Webhooks on their way: what is sent when, how it is signed, and when to give up. No I/O.

Facts from https://developers.tiktok.com/doc/webhooks-overview and
https://developers.tiktok.com/doc/webhooks-verification (read 2026-11-22). TikTok names no steps
for its back-off, only its end: 72 hours.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from tiktok_oauth.sandbox.http import encode_json

if TYPE_CHECKING:
    from tiktok_oauth.sandbox.catalog import App
    from tiktok_oauth.sandbox.notices import Notice
    from tiktok_oauth.sandbox.rules import Rule

DispatchStatus: TypeAlias = Literal["pending", "delivered", "dropped"]

GIVE_UP_AFTER = 72 * 3_600
_FIRST_DELAY, _LONGEST_DELAY = 60, 6 * 3_600
_KEPT = 1_000
_FORGED_SECRET = "not-the-secret-of-this-app"  # noqa: S105 - that is its point


@dataclass(frozen=True, slots=True)
class Dispatch:
    """A webhook, and what became of it.

    Attributes:
        number: counts up from 1.
        notice: the event.
        due: when it is tried next, in sandbox time.
        forged: whether it is signed with a secret that is not the app's.
        status: pending, delivered or dropped.
        attempts: how often it was tried.
        first_try: when that began; 0 before.
        answers: the HTTP status of each attempt; 0 for none.
    """

    number: int
    notice: Notice
    due: float
    forged: bool = False
    status: DispatchStatus = "pending"
    attempts: int = 0
    first_try: float = 0.0
    answers: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Parcel:
    """A webhook as it goes over the wire."""

    url: str
    body: bytes = field(repr=False)
    signature: str = field(repr=False)


class Outbox:
    """Events that wait, and the latest that no longer do."""

    def __init__(self) -> None:
        self._pending: dict[int, Dispatch] = {}
        self._settled: deque[Dispatch] = deque(maxlen=_KEPT)
        self._count = 0

    def accept(self, notice: Notice, rule: Rule | None) -> None:
        """Take in an event, and do to it what a fault says."""
        fault = rule.fault if rule else ""
        if fault == "webhook_forged":
            self._add(notice, notice.due, forged=True)
        if fault == "webhook_duplicate":
            self._add(notice, notice.due)
        held_back = rule.seconds if rule and fault == "webhook_reordered" else 0
        self._add(notice, notice.due + held_back)

    def next(self) -> Dispatch | None:
        """Return what is due first."""
        return min(self._pending.values(), key=lambda one: (one.due, one.number), default=None)

    def settle(self, dispatch: Dispatch, now: float, answer: int) -> None:
        """Note how an attempt went: 200 is the only way to end well."""
        if dispatch.number not in self._pending:
            return
        attempts, answers = dispatch.attempts + 1, (*dispatch.answers, answer)
        tried = replace(dispatch, attempts=attempts, answers=answers)
        wait = min(_FIRST_DELAY * 2**dispatch.attempts, _LONGEST_DELAY)
        if answer == 200:  # noqa: PLR2004 - OK, and nothing else
            self._end(replace(tried, status="delivered"))
        elif now + wait > dispatch.first_try + GIVE_UP_AFTER:
            self._end(replace(tried, status="dropped"))
        else:
            self._pending[dispatch.number] = replace(tried, due=now + wait)

    def drop(self, dispatch: Dispatch) -> None:
        """Give up: there is no longer anybody to tell."""
        self._end(replace(dispatch, status="dropped"))

    def withdraw(self, content: str) -> None:
        """Give up events with these details that were not tried yet: they will not happen."""
        waiting = [one for one in self._pending.values() if one.notice.content == content]
        for dispatch in waiting:
            if not dispatch.attempts:
                self.drop(dispatch)

    def rows(self) -> list[Dispatch]:
        """Return all that is kept, in the order of events."""
        return sorted((*self._settled, *self._pending.values()), key=lambda one: one.number)

    def _add(self, notice: Notice, due: float, *, forged: bool = False) -> None:
        self._count += 1
        self._pending[self._count] = Dispatch(self._count, notice, due, forged)

    def _end(self, dispatch: Dispatch) -> None:
        self._pending.pop(dispatch.number, None)
        self._settled.append(dispatch)


def seal(dispatch: Dispatch, app: App, now: float, *, renewed: bool) -> Parcel:
    """Return a webhook ready to be sent.

    Args:
        dispatch: what to send.
        app: whose address and secret to use.
        now: the sandbox's time.
        renewed: whether a repetition is signed with the time of now, rather than of the first.
    """
    notice = dispatch.notice
    body = encode_json(
        {
            "client_key": notice.client_key,
            "event": notice.event,
            "create_time": notice.create_time,
            **({} if notice.event.startswith("portability.") else {"user_openid": notice.open_id}),
            "content": notice.content,
        }
    )
    time = int(now if renewed else dispatch.first_try)
    secret = _FORGED_SECRET if dispatch.forged else app.client_secret
    return Parcel(app.webhook_url or "", body, sign(secret, time, body))


def sign(secret: str, time: int, body: bytes) -> str:
    """Return the TikTok-Signature header of a body."""
    digest = hmac.new(secret.encode(), b"%d." % time + body, hashlib.sha256).hexdigest()
    return f"t={time},s={digest}"
