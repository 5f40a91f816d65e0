"""One call on TikTok's own endpoints, and what is found out about it while it is answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tiktok_oauth.sandbox.mint import open_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tiktok_oauth.sandbox.grants import Grant
    from tiktok_oauth.sandbox.http import Call
    from tiktok_oauth.sandbox.mint import Claims
    from tiktok_oauth.sandbox.world import World


class ApiRefusal(Exception):  # noqa: N818 - a refusal is an answer, not a failure of ours
    """A data endpoint says no.

    Attributes:
        status: the HTTP status.
        code: TikTok's string. Two of them share the status 401.
        message: in TikTok's words.
        with_data: whether the answer carries an empty ``data`` beside the error.
    """

    def __init__(self, status: int, code: str, message: str, *, with_data: bool = True) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.with_data = with_data


@dataclass(slots=True)
class Visit:
    """A call, the world it found, and what the ledger will say of it.

    Attributes:
        call: the request.
        endpoint: what faults and the ledger call it.
        world: the world it found.
        now: the sandbox's time.
        log_id: TikTok's.
        form: the body's fields.
        sent: what the refresh token in the form says.
        client_key: the app.
        person_id: the person.
        grant_id: the grant, 0 while it is unknown.
        issued: the number of the refresh token that the answer holds.
        outcome: TikTok's error string, or ``ok``.
        fault: the fault that is played.
    """

    call: Call
    endpoint: str
    world: World
    now: float
    log_id: str
    form: Mapping[str, str]
    sent: Claims | None = None
    client_key: str = ""
    person_id: str = ""
    grant_id: int = 0
    issued: int | None = None
    outcome: str = "ok"
    fault: str = ""

    @property
    def account(self) -> tuple[str, str]:
        """The person this call is about and their open_id, as far as its tokens tell."""
        owner = self._owner()
        if owner is None:
            return "", ""
        client_key, person_id = owner
        return person_id, open_id(client_key, person_id)

    @property
    def grant(self) -> Grant | None:
        """The grant behind the call's token, whether or not the token still lives."""
        world = self.world
        token = self.call.bearer or self.form.get("token", "")
        claims = world.mint.open("act", token) or self.sent
        return claims and world.grants.get(claims.grant_id)

    def _owner(self) -> tuple[str, str] | None:
        if grant := self.grant:
            return grant.client_key, grant.person_id
        code = self.world.codes.get(self.form.get("code", ""))
        return (code.consent.client_key, code.consent.person_id) if code else None
