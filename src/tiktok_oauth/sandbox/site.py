"""What people see of TikTok: the consent page, the error page, and everybody's picture."""

from __future__ import annotations

import mimetypes
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from tiktok_oauth.sandbox.authorize import AuthorizeError, allow, allow_again, deny, read_request
from tiktok_oauth.sandbox.avatar import draw
from tiktok_oauth.sandbox.catalog import BASIC_SCOPE, SCOPES
from tiktok_oauth.sandbox.http import Answer, not_found, redirect
from tiktok_oauth.sandbox.pages import REMEDIES, STATIC, page
from tiktok_oauth.sandbox.registration import serves

if TYPE_CHECKING:
    from tiktok_oauth.sandbox.authorize import AuthorizationRequest
    from tiktok_oauth.sandbox.http import Call
    from tiktok_oauth.sandbox.live import LiveWorld
    from tiktok_oauth.sandbox.visit import Visit
    from tiktok_oauth.sandbox.world import World

AUTHORIZE_PATH = "/v2/auth/authorize/"
ERROR_PATH = "/v2/auth/error/"
AVATARS = "/_sandbox/avatars/"
STATIC_FILES = "/_sandbox/static/"
_SESSION = "sandbox_session"
_OFFERED = 50


def authorize(visit: Visit) -> Answer:
    """Ask the person, or act on what the person decided."""
    # The state has to go back as it came, even when it is no text.
    params = visit.call.params(errors="surrogateescape")
    try:
        asked = read_request(visit.world, params)
    except AuthorizeError as refused:
        visit.outcome = refused.error
        return redirect(302, f"{ERROR_PATH}?{refused.query(visit.log_id)}")
    visit.client_key = asked.app.client_key
    if visit.call.method == "POST":
        return _decide(visit, asked, params)
    if visit.world.knobs.auto_approve:
        return _approve(visit, asked, params)
    session = _session(visit)
    again = session and allow_again(visit.world, visit.now, asked, session)
    return redirect(302, again) if again else _ask(visit, asked, params, session)


def authorize_error(call: Call) -> Answer:
    """Show what TikTok would show, and what to correct."""
    params = call.params()
    error, error_type = params.get("error", ""), params.get("error_type", "")
    return page(
        "error",
        error=error,
        error_type=error_type,
        err_code=params.get("errCode", ""),
        log_id=params.get("logid", ""),
        remedy=REMEDIES.get((error, error_type), "Nothing is known about this error."),
    )


def avatar(live: LiveWorld, call: Call) -> Answer:
    """Draw somebody."""
    with live.look() as (world, _):
        person = world.people.get(call.path[len(AVATARS) :].removesuffix(".svg"))
    if person is None or not call.path.endswith(".svg"):
        return not_found()
    headers = (
        (b"content-type", b"image/svg+xml"),
        (b"content-security-policy", b"default-src 'none'"),
        (b"cache-control", b"max-age=3600"),
    )
    return Answer(200, headers, draw(person).encode())


def static(call: Call) -> Answer:
    """Give one of our own files."""
    name = call.path[len(STATIC_FILES) :]
    file = next((file for file in STATIC.iterdir() if file.name == name), None)
    if file is None:
        return not_found()
    kind = (mimetypes.guess_type(name)[0] or "application/octet-stream").encode()
    headers = ((b"content-type", kind), (b"x-content-type-options", b"nosniff"))
    return Answer(200, headers, file.read_bytes())


def _decide(visit: Visit, asked: AuthorizationRequest, params: dict[str, str]) -> Answer:
    form = visit.call.form()
    fields = dict(form)
    if fields.get("decision") != "allow":
        visit.outcome = "access_denied"
        return redirect(303, deny(asked))
    person_id = fields.get("person", "")
    if person_id not in _actives(visit.world):
        return _ask(visit, asked, params, "")
    visit.person_id = person_id
    scopes = [value for name, value in form if name == "scope"]
    cookie = f"{_SESSION}={person_id}; Path=/v2/auth/; HttpOnly; SameSite=Lax".encode()
    callback = allow(visit.world, visit.now, asked, person_id, scopes)
    return redirect(303, callback, (b"set-cookie", cookie))


def _approve(visit: Visit, asked: AuthorizationRequest, params: dict[str, str]) -> Answer:
    """Answer as the first person whom the app serves."""
    people = (person_id for person_id in _actives(visit.world) if serves(asked.app, person_id))
    visit.person_id = next(people, "")
    if not visit.person_id:
        return _ask(visit, asked, params, "")
    return redirect(302, allow(visit.world, visit.now, asked, visit.person_id, asked.scopes))


def _ask(visit: Visit, asked: AuthorizationRequest, params: dict[str, str], session: str) -> Answer:
    everybody = _actives(visit.world)
    offered = everybody[:_OFFERED]
    if session and session not in offered:
        offered.append(session)
    return page(
        "consent",
        form_action=f"'self' {asked.redirect_origin}",
        app=asked.app,
        people=[visit.world.people[person_id] for person_id in offered],
        others=len(everybody) - len(offered),
        chosen=session or next(iter(offered), ""),
        scopes={name: SCOPES[name] for name in asked.scopes},
        basic_scope=BASIC_SCOPE,
        redirect_origin=asked.redirect_origin,
        query=urlencode(params, errors="surrogateescape"),
    )


def _session(visit: Visit) -> str:
    """Return who is logged in in this browser, "" for nobody."""
    cookies = (part.strip().partition("=") for part in visit.call.header(b"cookie").split(";"))
    person_id = next((value for name, _, value in cookies if name == _SESSION), "")
    return person_id if person_id in _actives(visit.world) else ""


def _actives(world: World) -> list[str]:
    return [person.person_id for person in world.people.values() if person.status == "active"]
