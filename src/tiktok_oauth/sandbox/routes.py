"""Which path is answered by what. No HTTP library: a call comes in, an answer goes out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiktok_oauth.sandbox import site
from tiktok_oauth.sandbox.api import ENDPOINTS, GRANT_TYPES
from tiktok_oauth.sandbox.courier import Courier
from tiktok_oauth.sandbox.faults import FAULTS
from tiktok_oauth.sandbox.http import (
    Answer,
    HttpRefusal,
    not_found,
    redirect,
    text_answer,
)
from tiktok_oauth.sandbox.ledger import Entry, Ledger
from tiktok_oauth.sandbox.outbox import Outbox
from tiktok_oauth.sandbox.rules import Faults
from tiktok_oauth.sandbox.visit import Visit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tiktok_oauth.sandbox.http import Answer, Call
    from tiktok_oauth.sandbox.live import LiveWorld
    from tiktok_oauth.sandbox.rules import Rule
    from tiktok_oauth.sandbox.world import World

_SLASHED = frozenset({*ENDPOINTS, site.AUTHORIZE_PATH, site.ERROR_PATH})


class Router:
    """The whole sandbox behind one method."""

    def __init__(self, live: LiveWorld) -> None:
        self.live: LiveWorld = live
        self.ledger: Ledger = Ledger()
        self.faults: Faults = Faults()
        self.courier: Courier = Courier(live, self.faults)

    def reset(self, world: World, rules: Iterable[Rule] = ()) -> None:
        """Go on with another world and its faults, and with nothing in the ledger."""
        with self.live:
            self.live.replace(world)
            self.ledger = Ledger()
            self.faults.clear()
            for rule in rules:
                self.faults.add(rule)
            self.courier.outbox = Outbox()

    def answer(self, call: Call) -> Answer:
        """Answer a call. It never fails, and it never waits."""
        try:
            return self._route(call)
        except HttpRefusal as refused:
            return text_answer(refused.status, refused.words)

    def _route(self, call: Call) -> Answer:
        endpoint = ENDPOINTS.get(call.path)
        if endpoint is not None:
            if call.method != endpoint.method:
                return not_found()
            form = {} if endpoint.method != "POST" else dict(call.form())
            return self._visit(call, endpoint.name, form, endpoint.answer)
        if call.path == site.AUTHORIZE_PATH and call.method in ("GET", "HEAD", "POST"):
            return self._visit(call, "authorize", {}, site.authorize)
        if call.path + "/" in _SLASHED:
            query = f"?{call.query.decode('latin-1')}" if call.query else ""
            return redirect(307, f"{call.path}/{query}")
        return self._page(call) if call.method in ("GET", "HEAD") else not_found()

    def _page(self, call: Call) -> Answer:
        if call.path == site.ERROR_PATH:
            return site.authorize_error(call)
        if call.path.startswith(site.AVATARS):
            return site.avatar(self.live, call)
        if call.path.startswith(site.STATIC_FILES):
            return site.static(call)
        return not_found()

    def _visit(
        self,
        call: Call,
        endpoint: str,
        form: Mapping[str, str],
        answer: Callable[[Visit], Answer],
    ) -> Answer:
        name = endpoint
        if endpoint == "token":
            name = GRANT_TYPES.get(form.get("grant_type", ""), endpoint)
        with self.live as (world, now):
            sent = world.mint.open("rft", form.get("refresh_token", ""))
            visit = Visit(call, name, world, now, world.log_id(now), form, sent)
            answered = self.faults.play(visit, endpoint, lambda: answer(visit))
            self._record(visit, answered)
        return answered

    def _record(self, visit: Visit, answered: Answer) -> None:
        delivery = answered.delivery
        client_key = visit.client_key or visit.form.get("client_key", "")
        sent = visit.sent
        self.ledger.add(
            Entry(
                self.ledger.count + 1,
                visit.now,
                visit.endpoint,
                visit.call.method,
                visit.call.path,
                0 if delivery and delivery.cut == -1 else answered.status,
                visit.outcome,
                visit.fault,
                client_key if client_key in visit.world.apps else "",
                visit.person_id,
                visit.log_id,
                visit.grant_id or (sent.grant_id if sent else 0),
                sent.number if sent else None,
                visit.issued,
                FAULTS[visit.fault].delivered if visit.fault else "whole",
            )
        )
