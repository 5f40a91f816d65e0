"""The list of accounts, and the page of one."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tiktok_oauth.errors import ValidationError
from tiktok_oauth.service.pages.faces import Face, face_of
from tiktok_oauth.service.pages.invitations import reconnect_link
from tiktok_oauth.service.pages.names import safe_link
from tiktok_oauth.service.pages.stage import RefusalError
from tiktok_oauth.service.words import accounts as words
from tiktok_oauth.service.words import errors, events, scopes, statuses
from tiktok_oauth.vault.stores.rows import Ref

if TYPE_CHECKING:
    from starlette.requests import Request

    from tiktok_oauth.service.pages.profiles import Profile
    from tiktok_oauth.service.pages.stage import Stage
    from tiktok_oauth.vault.account import AsyncAccount
    from tiktok_oauth.vault.snapshot import AccountState
    from tiktok_oauth.vault.stores.rows import RowStatus

PAGE = 25
_EVENTS = 60
_LONGEST_SEARCH = 100
_DONE = frozenset({"connected", "refreshed", "disconnected"})


@dataclass(frozen=True, slots=True)
class Line:
    """One account in a list.

    Attributes:
        state: what the vault says of it.
        face: its name and picture.
        status: how the state is told.
        path: its page.
        reconnect: the link to send to its owner.
    """

    state: AccountState
    face: Face
    status: statuses.Status
    path: str
    reconnect: str


def account_path(client_key: str, open_id: str) -> str:
    """The address of an account's page."""
    return f"/accounts/{quote(client_key, safe='')}/{quote(open_id, safe='')}"


def routes(stage: Stage) -> list[Route]:
    """The pages of accounts."""
    views = _Views(stage)
    one = "/accounts/{client_key}/{open_id}"
    return [
        Route("/accounts", stage.private(views.several), methods=["GET"]),
        Route(one, stage.private(views.one), methods=["GET"]),
        Route(f"{one}/refresh", stage.private(views.refresh), methods=["POST"]),
        Route(f"{one}/disconnect", stage.private(views.disconnect), methods=["POST"]),
    ]


class _Views:
    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._office = stage.office
        self._settings = stage.office.settings

    async def several(self, request: Request) -> Response:
        """List accounts, or those that somebody searches for."""
        asked = request.query_params
        search = asked.get("q", "").strip()[:_LONGEST_SEARCH]
        status = asked.get("status", "")
        status = status if status in words.FILTERS else ""
        if search:
            found = await self._find(search)
        else:
            found = await self._page(status, _cursor(asked.get("after", "")))
        lines = await self._lines(found[:PAGE])
        standing = await asyncio.to_thread(
            self._office.store.standing, self._office.clock(), warm=False
        )
        return self._stage.page(
            request,
            "accounts",
            lines=lines,
            counts=standing.accounts,
            search=search,
            chosen=status,
            is_first=not asked.get("after"),
            following=_following(found, status) if not search and len(found) > PAGE else None,
        )

    async def one(self, request: Request) -> Response:
        """Show one account with all that happened to it."""
        account = await self._account(request)
        profile = await self._stage.profiles.read(account)
        state = await account.reload()
        timeline = await self._office.vault.timeline(account, _EVENTS)
        app = self._settings.app(state.client_key)
        asked = () if app is None else app.scopes
        done = request.query_params.get("done")
        granted = sorted(state.scopes)
        return self._stage.page(
            request,
            "account",
            line=self._line(state, profile),
            profile=profile,
            is_profile_fresh=profile is not None and self._stage.profiles.is_fresh(profile),
            profile_link=safe_link(profile.link if profile else None),
            granted=[(scope, scopes.explain(scope)) for scope in granted],
            missing=[(scope, scopes.explain(scope)) for scope in asked if scope not in granted],
            events=[(event, events.explain(event.kind)) for event in timeline],
            is_all=len(timeline) < _EVENTS,
            done=done if done in _DONE else None,
        )

    async def refresh(self, request: Request) -> Response:
        """Refresh an account's token now."""
        await self._stage.form(request)
        account = await self._account(request)
        await self._office.hastened(account.refresh())
        return self._back(account, "refreshed")

    async def disconnect(self, request: Request) -> Response:
        """Revoke an account's access, and forget its tokens and its profile."""
        await self._stage.form(request)
        account = await self._account(request)
        await self._office.hastened(account.disconnect())
        await self._stage.profiles.drop(Ref(account.client_key, account.open_id))
        return self._back(account, "disconnected")

    def _back(self, account: AsyncAccount, done: str) -> Response:
        path = account_path(account.client_key, account.open_id)
        return RedirectResponse(f"{path}?done={done}", 303)

    async def _account(self, request: Request) -> AsyncAccount:
        asked = request.path_params
        try:
            return await self._office.vault.account(
                asked["open_id"], client_key=asked["client_key"]
            )
        except ValidationError:
            raise RefusalError(404, errors.NOT_FOUND) from None

    async def _find(self, search: str) -> list[AsyncAccount]:
        """Accounts by how their open_id, their user ID or their name begins."""
        found = await self._page("", None, prefix=search)
        known = {(account.client_key, account.open_id) for account in found}
        for ref in await self._stage.profiles.search(search):
            if tuple(ref) not in known and self._settings.app(ref.client_key) is not None:
                # Erased a moment ago, perhaps.
                with suppress(ValidationError):
                    found.append(
                        await self._office.vault.account(ref.open_id, client_key=ref.client_key)
                    )
        return found

    async def _page(
        self, status: str, after: Ref | None, *, prefix: str | None = None
    ) -> list[AsyncAccount]:
        """One account more than fits on a page, so that it is known whether more follow."""
        row_status: RowStatus | None = status or None  # type: ignore[assignment]  # one of FILTERS
        accounts = self._office.vault.accounts(status=row_status, after=after, prefix=prefix)
        page: list[AsyncAccount] = []
        async for account in accounts:
            page.append(account)
            if len(page) > PAGE:
                break
        return page

    async def _lines(self, accounts: list[AsyncAccount]) -> list[Line]:
        refs = [Ref(account.client_key, account.open_id) for account in accounts]
        profiles = await self._stage.profiles.of(refs)
        return [
            self._line(account.state, profiles.get(ref))
            for ref, account in zip(refs, accounts, strict=True)
        ]

    def _line(self, state: AccountState, profile: Profile | None) -> Line:
        link = reconnect_link(
            self._settings,
            self._office.session_key,
            (state.client_key, state.open_id),
            state.user_id,
        )
        return Line(
            state,
            face_of(Ref(state.client_key, state.open_id), profile, self._settings),
            statuses.ALL[state.status],
            account_path(state.client_key, state.open_id),
            link.url,
        )


def _following(found: list[AsyncAccount], status: str) -> str:
    last = found[PAGE - 1]
    asked = {"after": f"{last.client_key} {last.open_id}"} | ({"status": status} if status else {})
    return f"/accounts?{urlencode(asked)}"


def _cursor(text: str) -> Ref | None:
    client_key, _, open_id = text.partition(" ")
    return Ref(client_key, open_id) if client_key and open_id else None
