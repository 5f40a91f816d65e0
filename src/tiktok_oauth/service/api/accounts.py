"""Accounts, their tokens and profiles, and links that connect new ones."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING

import msgspec
from starlette.responses import Response

from tiktok_oauth.errors import ValidationError
from tiktok_oauth.service.api import finding
from tiktok_oauth.service.api.reading import read_body, read_query
from tiktok_oauth.service.api.values import (
    Accounts,
    AccountsQuery,
    AppQuery,
    DisconnectQuery,
    Login,
    NewLogin,
    Token,
    UserQuery,
)
from tiktok_oauth.service.pages.invitations import Invitation, make_invitation

if TYPE_CHECKING:
    from starlette.requests import Request

    from tiktok_oauth.service.office import Office
    from tiktok_oauth.types import AccessToken
    from tiktok_oauth.vault.account import AsyncAccount

_LOOKED_AT = 2_000
"""Accounts that are looked at for one page at most: a rare status fills none."""


async def list_accounts(office: Office, request: Request) -> Response:
    """A page of accounts."""
    query = read_query(request, AccountsQuery)
    finding.check_app(office, query.client_key)
    stream = office.vault.accounts(
        # That a refresh is due is no state of a row: it comes with time.
        status="active" if query.status == "refresh_due" else query.status,
        user_id=query.user_id,
        client_key=query.client_key,
        prefix=query.prefix,
        after=finding.read_cursor(query.cursor),
    )
    page: list[AsyncAccount] = []
    last: AsyncAccount | None = None
    seen = 0
    async for account in stream:
        if len(page) == query.limit or seen == _LOOKED_AT:
            following = None if last is None else finding.cursor_of(last)
            return json(Accounts([finding.told(one) for one in page], following))
        last, seen = account, seen + 1
        if query.status is None or account.status == query.status:
            page.append(account)
    return json(Accounts([finding.told(one) for one in page], None))


async def show_account(office: Office, request: Request) -> Response:
    """One account."""
    return json(finding.told(await _found(office, request)))


async def give_token(office: Office, request: Request) -> Response:
    """A fresh access token."""
    query = read_query(request, AppQuery)
    open_id = request.path_params["open_id"]
    client_key = query.client_key
    finding.check_app(office, client_key)
    if client_key is None and len(office.clients) > 1:
        client_key = (await finding.find(office, open_id, None)).client_key
    token = await _usable(office, open_id, client_key)
    if token.expires_at < office.clock() + 1:
        # It has ended on the way here: this process was held up, or a sandbox's clock moved.
        token = await _usable(office, open_id, client_key)
    return token_answer(office, token)


async def _usable(office: Office, open_id: str, client_key: str | None) -> AccessToken:
    try:
        return await office.hastened(office.vault.access_token(open_id, client_key=client_key))
    except ValidationError:
        raise finding.unknown() from None


def token_answer(office: Office, token: AccessToken) -> Response:
    """A token as an answer."""
    return json(
        Token(
            access_token=token.token,
            expires_at=int(token.expires_at),
            expires_in=max(0, int(token.expires_at - office.clock())),
            open_id=token.open_id,
            client_key=token.client_key,
            scopes=token.scope.split(",") if token.scope else [],
        )
    )


async def refresh_account(office: Office, request: Request) -> Response:
    """Refresh an account's tokens, needed or not."""
    account = await _found(office, request)
    await office.hastened(account.refresh())
    return json(finding.told(account))


async def show_user(office: Office, request: Request) -> Response:
    """An account's profile, as TikTok tells it now."""
    query = read_query(request, UserQuery)
    account = await finding.find(office, request.path_params["open_id"], query.client_key)
    user = await office.hastened(account.user_info(query.fields))
    return json({name: value for name, value in asdict(user).items() if value is not None})


async def disconnect_account(office: Office, request: Request) -> Response:
    """End a connection at TikTok, and forget its tokens."""
    query = read_query(request, DisconnectQuery)
    account = await finding.find(office, request.path_params["open_id"], query.client_key)
    await office.hastened(account.disconnect())
    if query.erase:
        await office.vault.erase(account)
    return Response(status_code=204)


async def new_login(office: Office, request: Request) -> Response:
    """A link by which somebody connects an account."""
    asked = await read_body(request, office.settings, NewLogin)
    finding.check_app(office, asked.client_key)
    link = make_invitation(
        office.settings,
        office.session_key,
        Invitation(
            until=int(time.time()) + asked.expires_in,
            client_key=asked.client_key or next(iter(office.clients)),
            scopes=tuple(asked.scopes or ()),
            user_id=asked.user_id,
            next_url=asked.next_url,
            open_id=asked.open_id,
        ),
    )
    return json(Login(link.url, int(link.expires_at)), 201)


def json(value: object, status: int = 200) -> Response:
    """A value as an answer."""
    return Response(msgspec.json.encode(value), status, media_type="application/json")


async def _found(office: Office, request: Request) -> AsyncAccount:
    query = read_query(request, AppQuery)
    return await finding.find(office, request.path_params["open_id"], query.client_key)
