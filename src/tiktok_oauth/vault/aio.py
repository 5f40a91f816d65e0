"""``AsyncTokenVault``: tokens at rest for awaiting code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from tiktok_oauth.vault import checks, inside, logins
from tiktok_oauth.vault.account import AsyncAccount
from tiktok_oauth.vault.counter import AsyncCounter
from tiktok_oauth.vault.sealing.resealing import reseal
from tiktok_oauth.vault.snapshot import state_of
from tiktok_oauth.vault.stores.rows import AccountQuery
from tiktok_oauth.vault.strongroom import Strongroom
from tiktok_oauth.vault.teller import Teller

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from tiktok_oauth.login import LoginStart
    from tiktok_oauth.types import AccessToken, TikTokTokens, WebhookEvent
    from tiktok_oauth.vault.clients import AsyncTokenClient
    from tiktok_oauth.vault.inside import RefreshedBy
    from tiktok_oauth.vault.listeners import VaultEvent
    from tiktok_oauth.vault.logins import LoginResult
    from tiktok_oauth.vault.sealing.keyring import KeyRing
    from tiktok_oauth.vault.sealing.resealing import ResealReport
    from tiktok_oauth.vault.snapshot import AccountState
    from tiktok_oauth.vault.stores.rows import Event, Grant, RowStatus
    from tiktok_oauth.vault.stores.store import Store


class AsyncTokenVault:
    """Keeps the tokens of connected accounts, for awaiting code; see ``TokenVault``.

    Share one between tasks. What may block runs in threads of the vault; a refresh belongs to
    the vault, so cancelling whoever waits for it changes nothing.

    Args:
        client: an ``AsyncTikTokOAuth``, or one for each app.
        store: as for ``TokenVault``.
        keys: as for ``TokenVault``.
        journal: as for ``TokenVault``.
        refreshed_by: as for ``TokenVault``.
        patience: as for ``TokenVault``.

    Raises:
        ValidationError: an argument is wrong. Store and keys are judged when first used.
    """

    def __init__(
        self,
        client: AsyncTokenClient | Sequence[AsyncTokenClient],
        *,
        store: Store | str | None = None,
        keys: KeyRing | None = None,
        journal: str | Path | None = None,
        refreshed_by: RefreshedBy = "vault",
        patience: float = 900.0,
    ) -> None:
        clients = inside.as_list(client)
        checks.check_kind(clients, awaiting=True)
        directory = checks.check_places(store, keys, journal)
        self._room = Strongroom(clients, store, keys, directory, patience)
        teller = Teller(self._room, elsewhere=inside.is_elsewhere(refreshed_by))
        self._counter = AsyncCounter(
            self._room, teller, dict(zip(self._room.cores, clients, strict=True))
        )

    async def begin_login(
        self,
        scopes: Sequence[str] | str | None = None,
        *,
        user_id: str | None = None,
        next_url: str | None = None,
        client_key: str | None = None,
        open_id: str | None = None,
        disable_auto_auth: bool | None = None,
    ) -> LoginStart:
        """Begin a login; see ``TokenVault.begin_login``.

        Raises:
            ValidationError: an argument is wrong.
            InvalidCredentialsError: client key, secret or redirect URI cannot be right.
            StoreError: the store cannot be written.
        """
        wanted = logins.LoginRequest(
            scopes, user_id, next_url, client_key, open_id, disable_auto_auth
        )
        return await self._counter.away(logins.begin, self._room, wanted)

    async def finish_login(
        self, query: str | Mapping[str, str], binding: str
    ) -> LoginResult[AsyncAccount]:
        """Finish a login; see ``TokenVault.finish_login``. Once begun it runs to its end.

        Raises:
            LoginError: it belongs to no login of this browser's; ``reason`` says why.
            VaultKeyError: this process has an access-only key ring; the login is not used up.
            TikTokAPIError: the exchange failed.
        """
        back = logins.Return.of(query, binding)
        del query, binding  # A traceback would show them.
        grant, login, tokens = await self._counter.abroad(logins.finish, self._room, back)
        self._counter.teller.forget(grant.ref)
        return logins.LoginResult(
            self._account(grant),
            login.next_url,
            tokens.scopes,
            logins.missing_scopes(login, tokens),
        )

    async def adopt(
        self, tokens: TikTokTokens, *, user_id: str | None = None, client_key: str | None = None
    ) -> AsyncAccount:
        """Take tokens from elsewhere; see ``TokenVault.adopt``.

        Raises:
            ValidationError: they are no tokens.
            StoreError: the store cannot be used.
        """
        grant = await self._counter.away(
            logins.adopt, self._room, tokens, user_id=user_id, client_key=client_key
        )
        self._counter.teller.forget(grant.ref)
        return self._account(grant)

    async def account(self, open_id: str, *, client_key: str | None = None) -> AsyncAccount:
        """One account.

        Raises:
            ValidationError: it is not known, or known under two apps and no app was named.
            StoreError: the store cannot be read.
        """
        grant = await self._counter.away(inside.find, self._room, open_id, client_key)
        return self._account(grant)

    async def access_token(self, open_id: str, *, client_key: str | None = None) -> AccessToken:
        """An access token that is valid now; see ``TokenVault.access_token``.

        Raises:
            ValidationError: as ``account``.
            InvalidTokenError: the person has to log in again.
            TikTokAPIError: it cannot be refreshed right now; see ``retry_after``.
        """
        if client_key is None and len(self._room.cores) > 1:
            ref = await self._counter.away(inside.which, self._room, open_id, None)
        else:
            ref = inside.which(self._room, open_id, client_key)
        return await self._counter.access_token_soon(ref)

    async def accounts(
        self,
        *,
        status: RowStatus | None = None,
        user_id: str | None = None,
        client_key: str | None = None,
        prefix: str | None = None,
        after: tuple[str, str] | None = None,
    ) -> AsyncIterator[AsyncAccount]:
        """All accounts, read page by page as you go; see ``TokenVault.accounts``.

        Raises:
            StoreError: the store cannot be read.
        """
        behind = inside.behind(after)
        query = AccountQuery(inside.PAGE, behind, client_key, status, user_id, prefix=prefix)
        pages = inside.pages(self._room, query)
        nothing: list[Grant] = []
        while page := await self._counter.away(next, pages, nothing):
            for grant in page:
                yield self._account(grant)

    async def timeline(self, account: AsyncAccount, limit: int = 200) -> list[Event]:
        """What happened to an account, newest first. It holds no secret.

        Raises:
            StoreError: the store cannot be read.
        """
        ref = inside.ref_of(account)
        return await self._counter.away(lambda: self._room.site.store.events(ref, limit))

    async def erase(self, account: AsyncAccount) -> None:
        """Delete everything that is known of a person; see ``TokenVault.erase``.

        Raises:
            StoreError: the store cannot be written.
        """
        ref = inside.ref_of(account)
        await self._counter.away(inside.erase, self._room, self._counter.teller, ref)

    async def apply_webhook(self, event: WebhookEvent) -> bool:
        """Act on a verified webhook; see ``TokenVault.apply_webhook``.

        Raises:
            StoreError: the store cannot be used.
        """
        return await self._counter.away(
            inside.apply_webhook, self._room, self._counter.teller, event
        )

    async def receive_webhook(
        self, headers: Mapping[str, str], body: bytes, *, max_age: float | None = 300.0
    ) -> WebhookEvent:
        """Check a webhook, and act on it; see ``TokenVault.receive_webhook``.

        Raises:
            ValidationError: it is not from TikTok, too old, or no event.
            StoreError: the store cannot be used; TikTok will send it again.
        """
        event = inside.read_webhook(self._room, headers, body, max_age)
        await self.apply_webhook(event)
        return event

    def redirect_uri(self, client_key: str | None = None) -> str:
        """Where TikTok sends people back to; see ``TokenVault.redirect_uri``.

        Raises:
            ValidationError: there is no such app here, or several to choose from.
            InvalidCredentialsError: none is configured, or TikTok would refuse it.
        """
        return inside.redirect_uri(self._room, client_key)

    async def reseal(
        self, progress: Callable[[int, int], None] | None = None, *, rate: float = 1000.0
    ) -> ResealReport:
        """Seal again, under the active key, all that another one has sealed.

        See ``TokenVault.reseal``. ``progress`` is called in a thread of the vault.

        Raises:
            VaultKeyError: a running vault does not know the active key; nothing was changed.
            StoreError: the store cannot be used.
        """
        return await self._counter.abroad(reseal, self._room, progress, rate=rate)

    def subscribe(self, listener: Callable[[VaultEvent], None]) -> Callable[[], None]:
        """Hear of what this vault does to accounts; returns how to stop hearing.

        Listeners run in the vault's threads: be quick, and do not raise.
        """
        return self._room.listeners.add(listener)

    async def aclose(self) -> None:
        """Wait for refreshes under way, then let go of store and journal. The client stays."""
        if not self._counter.closed:
            try:
                await self._counter.come_home()
                await self._counter.away(self._room.close)
            finally:
                self._counter.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"AsyncTokenVault({', '.join(self._room.cores)})"

    def _account(self, grant: Grant) -> AsyncAccount:
        return AsyncAccount(self._counter, grant.ref, state_of(self._room, grant), self._begin_for)

    def _begin_for(self, state: AccountState, scopes: frozenset[str]) -> LoginStart:
        return logins.begin(self._room, inside.login_for(self._room, state, scopes))
