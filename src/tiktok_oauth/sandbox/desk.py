"""The sandbox's front page: its world at a glance, and its controls as buttons.

The buttons are plain forms. One that another site's page sends from somebody's browser comes with
that site's origin, and does nothing.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from tiktok_oauth.errors import TikTokAPIError, invalid_argument
from tiktok_oauth.sandbox.catalog import DEFAULT_APP
from tiktok_oauth.sandbox.faults import FAULTS, WEBHOOK
from tiktok_oauth.sandbox.glance import SHOWN, Search, glance
from tiktok_oauth.sandbox.http import HttpRefusal, not_found, redirect
from tiktok_oauth.sandbox.notices import Reason
from tiktok_oauth.sandbox.pages import page
from tiktok_oauth.sandbox.rules import TARGETS
from tiktok_oauth.sandbox.site import AUTHORIZE_PATH

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tiktok_oauth.sandbox.controls import Controls
    from tiktok_oauth.sandbox.http import Answer, Call

PATH = "/"

_DAY = 86_400
_LONGEST_PAGE = 6
_STEPS = MappingProxyType(
    {
        "1 hour": 3_600,
        "3 hours": 10_800,
        "1 day": _DAY,
        "179 days": 179 * _DAY,
        "1 year": 365 * _DAY,
    }
)
_DEPARTURES = MappingProxyType(
    {
        "Change age": Reason.AGE_CHANGED,
        "Ban": Reason.BANNED,
        "Delete account": Reason.DELETED,
    }
)
_TARGETS = tuple(target for target in TARGETS if target != WEBHOOK)


def answer(controls: Controls, call: Call) -> Answer:
    """Show the page, or do what one of its buttons says and show it again."""
    if call.method in ("GET", "HEAD"):
        return _show(controls, call)
    if call.method != "POST":
        return not_found()
    if call.header(b"origin") != call.origin:
        return _show(controls, call, 403, "That button is not on this page.")
    try:
        section = _press(controls, dict(call.form()))
    except TikTokAPIError as wrong:
        return _show(controls, call, 400, " ".join(filter(None, (wrong.message, wrong.hint))))
    except HttpRefusal as wrong:
        return _show(controls, call, wrong.status, wrong.words)
    query = f"?{call.query.decode('latin-1')}" if call.query else ""
    return redirect(303, f"{PATH}{query}#{section}")


def _press(controls: Controls, form: Mapping[str, str]) -> str:
    """Do what a button says, and return the section that it is in."""
    match form:
        case {"advance": step} if step in _STEPS:
            controls.advance(_STEPS[step])
            return "clock"
        case {"arm": name, "endpoint": endpoint}:
            # Webhooks are no endpoint's, whatever the list beside the button says.
            on_webhooks = name in FAULTS and FAULTS[name].play is None
            controls.fault(name, endpoint="" if on_webhooks else endpoint, count=1)
            return "faults"
        case {"remove": name}:
            with controls.live:
                controls.router.faults.remove(name)
            return "faults"
        case {"disconnect": client_key, "person": person}:
            controls.disconnect(person, client_key=client_key)
            return "people"
        case {"leave": departure, "person": person} if departure in _DEPARTURES:
            controls.leave(person, _DEPARTURES[departure])
            return "people"
    raise invalid_argument("There is no such button.")


def _searched(call: Call) -> Search:
    params = call.params()
    page = params.get("page", "")
    known = page.isascii() and page.isdigit() and len(page) <= _LONGEST_PAGE
    return Search(params.get("q", "").strip(), max(1, int(page)) if known else 1)


def _show(controls: Controls, call: Call, status: int = 200, problem: str = "") -> Answer:
    shown = page(
        "home",
        form_action="'self'",
        scripted=True,
        app=DEFAULT_APP,
        authorize=AUTHORIZE_PATH,
        departures=tuple(_DEPARTURES),
        origin=call.origin,
        problem=problem,
        seen=glance(controls, _searched(call)),
        shown=SHOWN,
        steps=tuple(_STEPS),
        targets=_TARGETS,
    )
    return replace(shown, status=status)
