"""``/_sandbox/``: the controls over HTTP, as JSON. ``openapi.json`` beside this file tells how.

A body has to be declared as JSON, so that no web page can send one from somebody's browser
without the browser asking first; nothing here answers that question.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from tiktok_oauth.errors import TikTokAPIError
from tiktok_oauth.sandbox import site
from tiktok_oauth.sandbox.catalog import DEFAULT_APP, App, Count, Name, Person
from tiktok_oauth.sandbox.http import BODY_LIMIT, Answer, Call, HttpRefusal
from tiktok_oauth.sandbox.notices import Reason
from tiktok_oauth.sandbox.oauth import token_fields
from tiktok_oauth.sandbox.pace import FASTEST
from tiktok_oauth.sandbox.rules import make_rule

if TYPE_CHECKING:
    from tiktok_oauth.sandbox.controls import Controls

PREFIX = "/_sandbox/"
_OPENAPI = Path(__file__).with_name("openapi.json")
_WORLD_LIMIT = 1024**3
_REASONS = {
    "deleted": Reason.DELETED,
    "banned": Reason.BANNED,
    "age_changed": Reason.AGE_CHANGED,
}


class _Strict(Struct, forbid_unknown_fields=True):
    """A body in which every field has to be known."""


class _Nothing(_Strict):
    pass


class _Clock(_Strict):
    advance: Annotated[float, Meta(ge=0)] = 0
    rate: Annotated[float, Meta(ge=1, le=FASTEST)] | None = None


class _Grant(_Strict):
    client_key: str = DEFAULT_APP.client_key
    person: str = "mina"
    scopes: list[str] = []
    kind: Literal["code", "tokens"] = "tokens"
    new_people: Annotated[int, Meta(ge=1, le=10_000)] | None = None
    redirect_uri: str | None = None
    code_challenge: str | None = None


class _Leave(_Strict):
    person: str
    reason: Literal["disconnected", "deleted", "banned", "age_changed"]
    client_key: str = DEFAULT_APP.client_key


class _Webhook(_Strict):
    client_key: str = DEFAULT_APP.client_key
    person: str = "mina"
    event: Name = "authorization.removed"
    content: dict[str, object] | None = None


class _Scan(_Strict):
    url: str
    person: str = "mina"
    step: Literal["scan", "confirm"] = "confirm"


class _Page(Struct):
    after: Count = 0
    limit: Annotated[int, Meta(ge=1, le=10_000)] = 1_000


class _Calls(Struct):
    after: Count | UnsetType = UNSET
    endpoint: str = ""
    limit: Annotated[int, Meta(ge=1, le=10_000)] = 1_000


Run: TypeAlias = Callable[["Controls", Any], object]


@dataclass(frozen=True, slots=True)
class _Operation:
    """What a method on a path does, and the body it takes; None for none."""

    run: Run
    body: Any = None


def is_control(path: str) -> bool:
    """Whether a path is one of the controls', rather than a picture or a style sheet."""
    return path.startswith(PREFIX) and not path.startswith((site.AVATARS, site.STATIC_FILES))


def body_limit(path: str) -> int:
    """Return how many bytes of a body are read: a whole world may be large."""
    return _WORLD_LIMIT if path == PREFIX + "world" else BODY_LIMIT


def answer(controls: Controls, call: Call) -> Answer:
    """Answer a call on a path under ``/_sandbox/``. Whatever is wrong ends in a sentence."""
    operations = _OPERATIONS.get(call.path.removeprefix(PREFIX))
    if operations is None:
        return _problem(404, f"There is nothing at {call.path}.")
    operation = operations.get(call.method)
    if operation is None:
        methods = ", ".join(operations)
        refusal = _problem(405, f"{call.path} takes {methods}.")
        return replace(refusal, headers=(*refusal.headers, (b"allow", methods.encode())))
    if operation.body is not None and (problem := _unreadable(call)):
        return problem
    try:
        asked = operation.body and msgspec.json.decode(call.body or b"{}", type=operation.body)
        return _json(200, operation.run(controls, call if asked is None else asked))
    except TikTokAPIError as wrong:
        return _problem(400, " ".join(filter(None, (wrong.message, wrong.hint))))
    except HttpRefusal as wrong:
        return _problem(wrong.status, wrong.words)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as wrong:
        return _problem(400, f"{wrong}.")


def _unreadable(call: Call) -> Answer | None:
    limit = body_limit(call.path)
    if call.size > limit:
        return _problem(413, f"The body is longer than {limit} bytes.")
    if call.header(b"content-type").partition(";")[0].strip().lower() != "application/json":
        return _problem(415, "Send it with Content-Type: application/json.")
    return None


def _state(controls: Controls, _call: Call) -> object:
    with controls.live.look() as (world, now):
        return {
            "clock": _told(controls, now),
            "counts": world.counts(),
            "knobs": world.knobs,
            "requests": controls.router.ledger.count,
        }


def _reset(controls: Controls, _asked: _Nothing) -> object:
    controls.reset()
    return _state(controls, Call("GET", ""))


def _clock(controls: Controls, _call: Call) -> object:
    return _told(controls, controls.now())


def _move_clock(controls: Controls, asked: _Clock) -> object:
    controls.advance(asked.advance)
    if asked.rate is not None:
        controls.run_clock(asked.rate)
    return _told(controls, controls.now())


def _told(controls: Controls, now: float) -> object:
    live = controls.live
    return {"now": int(now), "offset": int(live.ahead), "rate": live.world.pace.rate}


def _knobs(controls: Controls, asked: dict[str, object]) -> object:
    return controls.turn(**asked)


def _add_app(controls: Controls, app: App) -> object:
    controls.add_app(app)
    return app


def _add_person(controls: Controls, person: Person) -> object:
    controls.add_person(person)
    return person


def _leave(controls: Controls, asked: _Leave) -> object:
    if asked.reason == "disconnected":
        return {"ended": controls.disconnect(asked.person, client_key=asked.client_key)}
    controls.leave(asked.person, _REASONS[asked.reason])
    return {"ended": True}


def _grants(controls: Controls, call: Call) -> object:
    asked = msgspec.convert(call.params(), _Page, strict=False)
    return {"grants": controls.grants(asked.after, limit=asked.limit)}


def _grant(controls: Controls, asked: _Grant) -> object:
    if asked.new_people:
        issued = controls.populate(asked.new_people, asked.scopes, client_key=asked.client_key)
        return {"grants": [{**token_fields(one), "person_id": one.person_id} for one in issued]}
    if asked.kind == "tokens":
        tokens = controls.grant(asked.person, asked.scopes, client_key=asked.client_key)
        return token_fields(tokens)
    code = controls.code(
        asked.person,
        asked.scopes,
        client_key=asked.client_key,
        redirect_uri=asked.redirect_uri,
        code_challenge=asked.code_challenge,
    )
    return {"code": code}


def _faults(controls: Controls, _call: Call) -> object:
    return {"faults": controls.faults()}


def _add_fault(controls: Controls, asked: dict[str, object]) -> object:
    rule = make_rule(asked)
    controls.add_fault(rule)
    return rule


def _clear_faults(controls: Controls, _call: Call) -> object:
    controls.clear_faults()
    return {"faults": []}


def _requests(controls: Controls, call: Call) -> object:
    asked = msgspec.convert(call.params(), _Calls, strict=False)
    with controls.live.look():
        ledger = controls.router.ledger
        if asked.after is UNSET:
            entries = ledger.latest(asked.limit, endpoint=asked.endpoint)
        else:
            entries = ledger.after(asked.after, endpoint=asked.endpoint, limit=asked.limit)
        return {"requests": entries, "count": ledger.count, "forgotten": ledger.forgotten}


def _webhooks(controls: Controls, _call: Call) -> object:
    return {"webhooks": controls.webhooks()}


def _send_webhook(controls: Controls, asked: _Webhook) -> object:
    controls.send_webhook(
        asked.event, asked.content, person=asked.person, client_key=asked.client_key
    )
    return {"webhooks": controls.webhooks()}


def _scan(controls: Controls, asked: _Scan) -> object:
    if asked.step == "scan":
        controls.scan_qr(asked.url)
    else:
        controls.confirm_qr(asked.url, person=asked.person)
    return {"step": asked.step}


def _export(controls: Controls, _call: Call) -> object:
    return Raw(controls.export_state())


def _import(controls: Controls, asked: Raw) -> object:
    controls.import_state(bytes(asked))
    return _state(controls, Call("GET", ""))


def _openapi(_controls: Controls, _call: Call) -> object:
    return Raw(_OPENAPI.read_bytes())


_OPERATIONS: Mapping[str, Mapping[str, _Operation]] = MappingProxyType(
    {
        "apps": {"POST": _Operation(_add_app, App)},
        "clock": {"GET": _Operation(_clock), "POST": _Operation(_move_clock, _Clock)},
        "departures": {"POST": _Operation(_leave, _Leave)},
        "faults": {
            "GET": _Operation(_faults),
            "POST": _Operation(_add_fault, dict[str, object]),
            "DELETE": _Operation(_clear_faults),
        },
        "grants": {"GET": _Operation(_grants), "POST": _Operation(_grant, _Grant)},
        "knobs": {"POST": _Operation(_knobs, dict[str, object])},
        "openapi.json": {"GET": _Operation(_openapi)},
        "qr": {"POST": _Operation(_scan, _Scan)},
        "requests": {"GET": _Operation(_requests)},
        "reset": {"POST": _Operation(_reset, _Nothing)},
        "state": {"GET": _Operation(_state)},
        "users": {"POST": _Operation(_add_person, Person)},
        "webhooks": {"GET": _Operation(_webhooks)},
        "webhooks/test": {"POST": _Operation(_send_webhook, _Webhook)},
        "world": {"GET": _Operation(_export), "PUT": _Operation(_import, Raw)},
    }
)


def _json(status: int, fields: object) -> Answer:
    headers = (
        (b"content-type", b"application/json"),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    )
    return Answer(status, headers, msgspec.json.encode(fields))


def _problem(status: int, sentence: str) -> Answer:
    return _json(status, {"error": sentence})
