"""Everything that can go wrong, by name: one entry each, usable from Python, HTTP and the shell.

A fault plays around the handling of a call: before it, after it, or on the answer's way out.
"""

from __future__ import annotations

import functools
import gzip
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec
from msgspec import structs

from tiktok_oauth.sandbox.api import json_answer, refusal_answer
from tiktok_oauth.sandbox.http import Answer, Delivery, encode_json
from tiktok_oauth.sandbox.notices import Reason
from tiktok_oauth.sandbox.visit import ApiRefusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tiktok_oauth.sandbox.ledger import Delivered
    from tiktok_oauth.sandbox.rules import Rule
    from tiktok_oauth.sandbox.visit import Visit

    Handle: TypeAlias = Callable[[], Answer]
    Play: TypeAlias = Callable[[Visit, Rule, Handle], Answer]

WEBHOOK = "webhook"
_BOMB_SIZE = 64 * 1024 * 1024
_HTML = b"<!doctype html><title>502 Bad Gateway</title><h1>502 Bad Gateway</h1><hr>nginx"


@dataclass(frozen=True, slots=True)
class Fault:
    """A named misbehaviour.

    Attributes:
        meaning: what happens, in one sentence.
        play: makes it happen to a call; None where it happens to a webhook.
        seconds: how long it lasts, or how far it jumps, unless a rule says otherwise.
        status: the HTTP status it answers with, unless a rule says otherwise.
        delivered: how much of the answer goes out.
    """

    meaning: str
    play: Play | None = None
    seconds: float = 0.0
    status: int = 200
    delivered: Delivered = "whole"


def _slow(_visit: Visit, rule: Rule, handle: Handle) -> Answer:
    return replace(handle(), delivery=Delivery(pause=rule.seconds))


def _trickle(_visit: Visit, rule: Rule, handle: Handle) -> Answer:
    return replace(handle(), delivery=Delivery(gap=rule.seconds))


def _drop_before(visit: Visit, _rule: Rule, _handle: Handle) -> Answer:
    visit.outcome = "not handled"
    return Answer(200, delivery=Delivery(cut=-1))


def _drop_after(_visit: Visit, _rule: Rule, handle: Handle) -> Answer:
    return replace(handle(), delivery=Delivery(cut=-1))


def _reset_before(visit: Visit, _rule: Rule, _handle: Handle) -> Answer:
    visit.outcome = "not handled"
    return Answer(200, delivery=Delivery(cut=-1, reset=True))


def _reset_after(_visit: Visit, _rule: Rule, handle: Handle) -> Answer:
    return replace(handle(), delivery=Delivery(cut=-1, reset=True))


def _half_body(_visit: Visit, _rule: Rule, handle: Handle) -> Answer:
    answer = handle()
    return replace(answer, delivery=Delivery(cut=len(answer.body) // 2))


def _wrong_length(_visit: Visit, _rule: Rule, handle: Handle) -> Answer:
    return replace(handle(), delivery=Delivery(more=64))


def _garbage(visit: Visit, rule: Rule, handle: Handle) -> Answer:
    noise = visit.world.mint.draw(64)
    return replace(handle(), status=rule.status, body=b"\xff" + noise)


def _html(_visit: Visit, rule: Rule, _handle: Handle) -> Answer:
    return Answer(rule.status, ((b"content-type", b"text/html"),), _HTML)


def _wrong_types(_visit: Visit, _rule: Rule, handle: Handle) -> Answer:
    return _rewritten(handle(), _retyped)


def _missing_field(_visit: Visit, rule: Rule, handle: Handle) -> Answer:
    def without(fields: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
        name = rule.field or next(iter(fields), "")
        kept = {key: value for key, value in fields.items() if key != name}
        data = kept.get("data")
        if name not in fields and isinstance(data, dict):
            kept["data"] = {key: value for key, value in data.items() if key != name}
        return kept

    return _rewritten(handle(), without)


def _unknown_code(visit: Visit, rule: Rule, _handle: Handle) -> Answer:
    return _refuse(visit, rule.status, "something_new", "Something new happened.")


def _rate_limited(visit: Visit, rule: Rule, _handle: Handle) -> Answer:
    answer = _refuse(visit, rule.status, "rate_limit_exceeded", "The rate limit is exceeded.")
    if rule.retry_after is None:
        return answer
    header = (b"retry-after", b"%d" % rule.retry_after)
    return replace(answer, headers=(*answer.headers, header))


def _server_error(visit: Visit, rule: Rule, _handle: Handle) -> Answer:
    code = "server_error" if _is_oauth(visit) else "internal_error"
    return _refuse(visit, rule.status, code, "Something went wrong on our side.")


def _token_expired(visit: Visit, _rule: Rule, handle: Handle) -> Answer:
    if grant := visit.grant:
        visit.world.grants.put(structs.replace(grant, floor=grant.serial))
    return handle()


def _revoked_elsewhere(visit: Visit, _rule: Rule, handle: Handle) -> Answer:
    if grant := visit.grant:
        visit.world.disconnect(visit.now, grant.client_key, grant.person_id, Reason.DISCONNECTED)
    return handle()


def _family_killed(visit: Visit, _rule: Rule, handle: Handle) -> Answer:
    if grant := visit.grant:
        visit.world.grants.end(grant)
    return handle()


def _clock_jump(visit: Visit, rule: Rule, handle: Handle) -> Answer:
    visit.world.advance(rule.seconds)
    visit.now += rule.seconds
    return handle()


def _gzip_bomb(_visit: Visit, _rule: Rule, handle: Handle) -> Answer:
    answer = handle()
    headers = (*answer.headers, (b"content-encoding", b"gzip"))
    return replace(answer, headers=headers, body=_bomb())


FAULTS: Mapping[str, Fault] = MappingProxyType(
    {
        "slow": Fault(
            "Handled; the answer comes seconds later.", _slow, seconds=30, delivered="late"
        ),
        "trickle": Fault(
            "Handled; a byte of the answer every so often.", _trickle, seconds=1, delivered="late"
        ),
        "drop_before": Fault(
            "Not handled; the connection is closed.", _drop_before, delivered="nothing"
        ),
        "drop_after": Fault(
            "Handled; the connection is closed with no answer.", _drop_after, delivered="nothing"
        ),
        "reset_before": Fault(
            "Not handled; the connection is reset.", _reset_before, delivered="nothing"
        ),
        "reset_after": Fault(
            "Handled; the connection is reset with no answer.", _reset_after, delivered="nothing"
        ),
        "half_body": Fault(
            "Handled; the connection is closed amid the body.", _half_body, delivered="partial"
        ),
        "wrong_length": Fault(
            "Handled; fewer bytes come than were promised.", _wrong_length, delivered="partial"
        ),
        "garbage": Fault("Handled; the answer is noise.", _garbage, delivered="changed"),
        "html": Fault("Not handled; a gateway's page comes back.", _html, status=502),
        "wrong_types": Fault(
            "Handled; numbers come as text and text as numbers.", _wrong_types, delivered="changed"
        ),
        "missing_field": Fault(
            "Handled; a field of the answer is missing.", _missing_field, delivered="changed"
        ),
        "unknown_code": Fault(
            "Not handled; an error that nobody knows.", _unknown_code, status=400
        ),
        "rate_limited": Fault("Not handled; too many calls.", _rate_limited, status=429),
        "server_error": Fault("Not handled; TikTok has a problem.", _server_error, status=500),
        "token_expired": Fault("The person's access tokens have expired.", _token_expired),
        "revoked_elsewhere": Fault("The person has disconnected the app.", _revoked_elsewhere),
        "family_killed": Fault("The grant has ended, as after a reused token.", _family_killed),
        "clock_jump": Fault("It is suddenly later.", _clock_jump, seconds=10_800),
        "gzip_bomb": Fault("Handled; 64 kB that unpack to 64 MB.", _gzip_bomb, delivered="changed"),
        "webhook_duplicate": Fault("An event is delivered twice."),
        "webhook_reordered": Fault("An event is held back behind later ones.", seconds=60),
        "webhook_forged": Fault("An event comes along that TikTok did not sign."),
    }
)
"""Name -> fault."""


def _is_oauth(visit: Visit) -> bool:
    return visit.call.path.startswith("/v2/oauth/")


def _refuse(visit: Visit, status: int, code: str, message: str) -> Answer:
    visit.outcome = code
    if not _is_oauth(visit):
        return refusal_answer(visit, ApiRefusal(status, code, message, with_data=False))
    fields = {"error": code, "error_description": message, "log_id": visit.log_id}
    return json_answer(visit, status, fields)


def _rewritten(answer: Answer, rewrite: Callable[[Any], Any]) -> Answer:
    if not answer.body.startswith(b"{"):
        return answer
    return replace(answer, body=encode_json(rewrite(msgspec.json.decode(answer.body))))


def _retyped(value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    if isinstance(value, dict):
        return {key: _retyped(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return {str(number): _retyped(inner) for number, inner in enumerate(value)}
    return len(value) if isinstance(value, str) else str(value)


@functools.cache
def _bomb() -> bytes:
    return gzip.compress(bytes(_BOMB_SIZE), 9, mtime=0)
