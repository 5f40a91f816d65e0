"""``Account`` and ``AsyncAccount``: one connected person, whose tokens look after themselves."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

from tiktok_oauth.engine.run import run
from tiktok_oauth.errors import ScopeError, TokenExpiredError
from tiktok_oauth.types import Secret
from tiktok_oauth.vault.checks import check_refused
from tiktok_oauth.vault.snapshot import (
    endpoint_needs,
    fields_need,
    lacking,
    not_granted,
    refused,
    with_login,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from tiktok_oauth.login import LoginStart
    from tiktok_oauth.types import JsonObject, TikTokUserInfo
    from tiktok_oauth.vault.clients import AsyncTokenClient, TokenClient
    from tiktok_oauth.vault.counter import AsyncCounter, Counter
    from tiktok_oauth.vault.snapshot import AccountState, AccountStatus
    from tiktok_oauth.vault.stores.rows import Reason, Ref

T = TypeVar("T")


class _Tokens(Protocol):
    """Where a call gets its token from; a blocking one never waits."""

    async def token(self, ref: Ref) -> str:
        """A token that can be used now."""
        ...

    async def token_after(self, ref: Ref, refused: Secret) -> str:
        """Another token than the one TikTok refused."""
        ...


async def call_with_token(tokens: _Tokens, ref: Ref, call: Callable[[Secret], Awaitable[T]]) -> T:
    """Make a call with the account's token, and once more with a new one if TikTok refuses it.

    The call reveals it in an expression only: a traceback shows the call's local variables.

    Raises:
        TikTokAPIError: it did not work.
    """
    token = Secret(await tokens.token(ref))
    try:
        return await call(token)
    except TokenExpiredError:
        # The token lived by our clock and not by TikTok's. Only that one is renewed.
        pass
    return await call(Secret(await tokens.token_after(ref, token)))


class _Known:
    """What both kinds of account tell without asking anybody."""

    __slots__ = ("_state",)

    _state: AccountState

    @property
    def open_id(self) -> str:
        """The person, for this app only."""
        return self._state.open_id

    @property
    def client_key(self) -> str:
        """The app."""
        return self._state.client_key

    @property
    def user_id(self) -> str | None:
        """The program's own name for the person."""
        return self._state.user_id

    @property
    def status(self) -> AccountStatus:
        """What can be done with it, as it was last read."""
        return self._state.status

    @property
    def reason(self) -> Reason | None:
        """Why it needs a login or is blocked."""
        return self._state.reason

    @property
    def scopes(self) -> frozenset[str]:
        """What the person granted."""
        return self._state.scopes

    @property
    def state(self) -> AccountState:
        """All that is known, as it was last read."""
        return self._state


class Account(_Known):
    """A connected account. Cheap to make and to throw away; it holds no token.

    Get one from ``TokenVault.account()``, ``accounts()`` or ``finish_login()``.
    """

    __slots__ = ("_begin_login", "_counter", "_ref")

    def __init__(
        self,
        counter: Counter[TokenClient],
        ref: Ref,
        state: AccountState,
        begin_login: Callable[[AccountState, frozenset[str]], LoginStart],
    ) -> None:
        self._counter = counter
        self._ref = ref
        self._state = state
        self._begin_login = begin_login

    def __repr__(self) -> str:
        return f"Account({self.open_id!r}, status={self.status!r})"

    def reload(self) -> AccountState:
        """Read the account again.

        Raises:
            StoreError: the store cannot be read.
        """
        self._state = self._counter.state(self._ref)
        return self._state

    def access_token(self, *, refused: str | None = None) -> str:
        """An access token that is valid now, refreshed when needed.

        Args:
            refused: a token that TikTok has just answered ``access_token_invalid`` to: you get
                another one, for which at most one refresh is made, however many ask.

        Raises:
            InvalidTokenError: the person has to log in again.
            TikTokAPIError: it cannot be refreshed right now; see ``retry_after``.
        """
        if refused is None:
            return self._counter.access_token(self._ref).token
        dead = Secret(refused)
        del refused
        check_refused(dead)
        return self._counter.settle(self._ref, self._counter.teller.rejected(self._ref, dead)).token

    def refresh(self) -> AccountState:
        """Refresh now, needed or not.

        Raises:
            InvalidTokenError: the person has to log in again.
            TikTokAPIError: it cannot be refreshed right now; see ``retry_after``.
        """
        self._state = self._counter.refresh(self._ref)
        return self._state

    def user_info(self, fields: Sequence[str] | str | None = None) -> TikTokUserInfo:
        """Read the person's profile; see ``TikTokOAuth.get_user_info``.

        Raises:
            ScopeError: a field needs a scope that was not granted; its ``login`` asks for it.
            TikTokAPIError: it did not work.
        """
        needed = fields_need(fields)
        missing = not_granted(self._state, needed)
        missing = missing and not_granted(self.reload(), needed)  # Granted since, perhaps.
        if missing:
            raise lacking(missing, partial(self._begin_login, self._state, missing))

        async def call(token: Secret) -> TikTokUserInfo:
            return self._counter.client(self._ref).get_user_info(token.reveal(), fields)

        return self._called(call, needed)

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | float] | None = None,
        json: JsonObject | None = None,
        idempotent: bool | None = None,
    ) -> JsonObject:
        """Call any other v2 endpoint; see ``TikTokOAuth.request``.

        Raises:
            ScopeError: it needs a scope that was not granted; where it is known which, its
                ``login`` asks for it.
            TikTokAPIError: it did not work.
        """

        async def call(token: Secret) -> JsonObject:
            return self._counter.client(self._ref).request(
                token.reveal(), method, path, params=params, json=json, idempotent=idempotent
            )

        return self._called(call, endpoint_needs(path))

    def _called(self, call: Callable[[Secret], Awaitable[T]], needed: frozenset[str]) -> T:
        """Make a call; where TikTok misses a scope, say which."""
        try:
            return run(call_with_token(_Blocking(self._counter), self._ref, call))
        except ScopeError as error:
            missing = refused(self._state, needed)
            if missing:
                with_login(error, missing, partial(self._begin_login, self._state, missing))
            raise

    def disconnect(self) -> None:
        """Revoke the access at TikTok and forget the tokens. A dead token is refreshed first.

        Raises:
            TikTokAPIError: it did not work; the account is as it was.
        """
        self._counter.disconnect(self._ref)
        self.reload()


class AsyncAccount(_Known):
    """A connected account for awaiting code. Cheap to make and to throw away; it holds no token.

    Get one from ``AsyncTokenVault.account()``, ``accounts()`` or ``finish_login()``.
    """

    __slots__ = ("_begin_login", "_counter", "_ref")

    def __init__(
        self,
        counter: AsyncCounter[AsyncTokenClient],
        ref: Ref,
        state: AccountState,
        begin_login: Callable[[AccountState, frozenset[str]], LoginStart],
    ) -> None:
        self._counter = counter
        self._ref = ref
        self._state = state
        self._begin_login = begin_login

    def __repr__(self) -> str:
        return f"AsyncAccount({self.open_id!r}, status={self.status!r})"

    async def reload(self) -> AccountState:
        """Read the account again.

        Raises:
            StoreError: the store cannot be read.
        """
        self._state = await self._counter.away(self._counter.state, self._ref)
        return self._state

    async def access_token(self, *, refused: str | None = None) -> str:
        """An access token that is valid now, refreshed when needed.

        Args:
            refused: as for ``Account.access_token``.

        Raises:
            InvalidTokenError: the person has to log in again.
            TikTokAPIError: it cannot be refreshed right now; see ``retry_after``.
        """
        if refused is None:
            return (await self._counter.access_token_soon(self._ref)).token
        dead = Secret(refused)
        del refused
        check_refused(dead)
        return (await self._counter.token_after_soon(self._ref, dead)).token

    async def refresh(self) -> AccountState:
        """Refresh now, needed or not.

        Raises:
            InvalidTokenError: the person has to log in again.
            TikTokAPIError: it cannot be refreshed right now; see ``retry_after``.
        """
        self._state = await self._counter.refresh_soon(self._ref)
        return self._state

    async def user_info(self, fields: Sequence[str] | str | None = None) -> TikTokUserInfo:
        """Read the person's profile; see ``AsyncTikTokOAuth.get_user_info``.

        Raises:
            ScopeError: a field needs a scope that was not granted; its ``login`` asks for it.
            TikTokAPIError: it did not work.
        """
        needed = fields_need(fields)
        missing = not_granted(self._state, needed)
        missing = missing and not_granted(await self.reload(), needed)
        if missing:
            begin = partial(self._begin_login, self._state, missing)
            raise await self._counter.away(lacking, missing, begin)
        client = self._counter.client(self._ref)
        return await self._called(
            lambda token: client.get_user_info(token.reveal(), fields), needed
        )

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | float] | None = None,
        json: JsonObject | None = None,
        idempotent: bool | None = None,
    ) -> JsonObject:
        """Call any other v2 endpoint; see ``AsyncTikTokOAuth.request``.

        Raises:
            ScopeError: as ``Account.request``.
            TikTokAPIError: it did not work.
        """
        client = self._counter.client(self._ref)
        return await self._called(
            lambda token: client.request(
                token.reveal(), method, path, params=params, json=json, idempotent=idempotent
            ),
            endpoint_needs(path),
        )

    async def _called(self, call: Callable[[Secret], Awaitable[T]], needed: frozenset[str]) -> T:
        """Make a call; where TikTok misses a scope, say which."""
        try:
            return await call_with_token(_Awaiting(self._counter), self._ref, call)
        except ScopeError as error:
            missing = refused(self._state, needed)
            if missing:
                begin = partial(self._begin_login, self._state, missing)
                await self._counter.away(with_login, error, missing, begin)
            raise

    async def disconnect(self) -> None:
        """Revoke the access at TikTok and forget the tokens. A dead token is refreshed first.

        Raises:
            TikTokAPIError: it did not work; the account is as it was.
        """
        await self._counter.abroad(self._counter.disconnect, self._ref)
        await self.reload()


class _Blocking:
    def __init__(self, counter: Counter[TokenClient]) -> None:
        self._counter = counter

    async def token(self, ref: Ref) -> str:
        return self._counter.access_token(ref).token

    async def token_after(self, ref: Ref, refused: Secret) -> str:
        return self._counter.settle(ref, self._counter.teller.rejected(ref, refused)).token


class _Awaiting:
    def __init__(self, counter: AsyncCounter[AsyncTokenClient]) -> None:
        self._counter = counter

    async def token(self, ref: Ref) -> str:
        return (await self._counter.access_token_soon(ref)).token

    async def token_after(self, ref: Ref, refused: Secret) -> str:
        return (await self._counter.token_after_soon(ref, refused)).token
