"""``TokenVault``: tokens at rest for blocking code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from tiktok_oauth.vault import checks, inside, logins
from tiktok_oauth.vault.account import Account
from tiktok_oauth.vault.counter import Counter
from tiktok_oauth.vault.sealing.resealing import reseal
from tiktok_oauth.vault.snapshot import state_of
from tiktok_oauth.vault.stores.rows import AccountQuery
from tiktok_oauth.vault.strongroom import Strongroom
from tiktok_oauth.vault.teller import Teller

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from tiktok_oauth.login import LoginStart
    from tiktok_oauth.types import AccessToken, TikTokTokens, WebhookEvent
    from tiktok_oauth.vault.clients import TokenClient
    from tiktok_oauth.vault.inside import RefreshedBy
    from tiktok_oauth.vault.listeners import VaultEvent
    from tiktok_oauth.vault.logins import LoginResult
    from tiktok_oauth.vault.sealing.keyring import KeyRing
    from tiktok_oauth.vault.sealing.resealing import ResealReport
    from tiktok_oauth.vault.snapshot import AccountState
    from tiktok_oauth.vault.stores.rows import Event, Grant, RowStatus
    from tiktok_oauth.vault.stores.store import Store


class TokenVault:
    """Keeps the tokens of connected accounts, encrypted, and renews them without losing any.

    Share one between threads. Any number of vaults, in any number of processes, and on
    PostgreSQL on any number of hosts, may work on one store: an account is refreshed once at a
    time, and its new refresh token is on disk before anybody uses it.

    Args:
        client: a ``TikTokOAuth``, or one for each app.
        store: a ``Store``, or a URL: ``sqlite:///tokens.db``, ``postgresql://...``, ``memory:``;
            ``TIKTOK_OAUTH_DATABASE_URL`` when not given.
        keys: a ``KeyRing``; ``TIKTOK_OAUTH_KEYS`` when not given, else the one in the user's
            configuration directory, which is made together with a new SQLite database.
        journal: a directory for raw answers; beside a SQLite database when not given. It belongs
            to this host and to this store alone.
        refreshed_by: ``"vault"``: this process refreshes what it uses; ``"refresher"``: it waits
            for a refresher process to do it, and needs no key for refresh tokens.
        patience: seconds after which the claim of a process that cannot be known to be dead may
            be taken over.

    Raises:
        ValidationError: an argument is wrong. Store and keys are judged when first used.
    """

    def __init__(
        self,
        client: TokenClient | Sequence[TokenClient],
        *,
        store: Store | str | None = None,
        keys: KeyRing | None = None,
        journal: str | Path | None = None,
        refreshed_by: RefreshedBy = "vault",
        patience: float = 900.0,
    ) -> None:
        clients = inside.as_list(client)
        checks.check_kind(clients, awaiting=False)
        directory = checks.check_places(store, keys, journal)
        self._room = Strongroom(clients, store, keys, directory, patience)
        teller = Teller(self._room, elsewhere=inside.is_elsewhere(refreshed_by))
        self._counter = Counter(
            self._room, teller, dict(zip(self._room.cores, clients, strict=True))
        )

    def begin_login(
        self,
        scopes: Sequence[str] | str | None = None,
        *,
        user_id: str | None = None,
        next_url: str | None = None,
        client_key: str | None = None,
        open_id: str | None = None,
        disable_auto_auth: bool | None = None,
    ) -> LoginStart:
        """Begin a login. Any number may be under way in one browser; each is good for ten minutes.

        Args:
            scopes: what to ask for; the client's default when None.
            user_id: your own name for the person, kept with the account.
            next_url: a path on your site to go to afterwards.
            client_key: which app, when the vault has several.
            open_id: connect this account again, and no other.
            disable_auto_auth: as ``get_authorization_url`` takes it.

        Raises:
            ValidationError: an argument is wrong.
            InvalidCredentialsError: client key, secret or redirect URI cannot be right.
            StoreError: the store cannot be written.
        """
        wanted = logins.LoginRequest(
            scopes, user_id, next_url, client_key, open_id, disable_auto_auth
        )
        return logins.begin(self._room, wanted)

    def finish_login(self, query: str | Mapping[str, str], binding: str) -> LoginResult[Account]:
        """Finish a login: check the callback, exchange its code, keep the tokens.

        Args:
            query: the callback's query string, or its fields as your framework decoded them.
            binding: the cookie's value.

        Raises:
            LoginError: it belongs to no login of this browser's; ``reason`` says why.
            VaultKeyError: this process has an access-only key ring; the login is not used up.
            TikTokAPIError: the exchange failed.
        """
        back = logins.Return.of(query, binding)
        del query, binding  # A traceback would show them.
        grant, login, tokens = logins.finish(self._room, back)
        self._counter.teller.forget(grant.ref)
        return logins.LoginResult(
            self._account(grant),
            login.next_url,
            tokens.scopes,
            logins.missing_scopes(login, tokens),
        )

    def adopt(
        self, tokens: TikTokTokens, *, user_id: str | None = None, client_key: str | None = None
    ) -> Account:
        """Take tokens from elsewhere. Their lifetimes count from now.

        Nothing else may refresh them from here on: each refresh kills the token before. They
        replace what the vault has of the account, newer tokens too: adopt what was just issued,
        and once.

        Raises:
            ValidationError: they are no tokens.
            StoreError: the store cannot be used.
        """
        grant = logins.adopt(self._room, tokens, user_id=user_id, client_key=client_key)
        self._counter.teller.forget(grant.ref)
        return self._account(grant)

    def account(self, open_id: str, *, client_key: str | None = None) -> Account:
        """One account.

        Raises:
            ValidationError: it is not known, or known under two apps and no app was named.
            StoreError: the store cannot be read.
        """
        return self._account(inside.find(self._room, open_id, client_key))

    def access_token(self, open_id: str, *, client_key: str | None = None) -> AccessToken:
        """An access token that is valid now, refreshed when needed, and when it ends.

        The shortest way to one: a token that is in memory is not looked for in the store.

        Raises:
            ValidationError: as ``account``.
            InvalidTokenError: the person has to log in again.
            TikTokAPIError: it cannot be refreshed right now; see ``retry_after``.
        """
        return self._counter.access_token(inside.which(self._room, open_id, client_key))

    def accounts(
        self,
        *,
        status: RowStatus | None = None,
        user_id: str | None = None,
        client_key: str | None = None,
        prefix: str | None = None,
        after: tuple[str, str] | None = None,
    ) -> Iterator[Account]:
        """All accounts, read page by page as you go, in the order of open_id and client key.

        Args:
            status: only these.
            user_id: only those of one person of yours.
            client_key: only those of one app.
            prefix: only those whose open_id or user_id begins so.
            after: client key and open_id of an account, to go on behind it.

        Raises:
            StoreError: the store cannot be read.
        """
        behind = inside.behind(after)
        query = AccountQuery(inside.PAGE, behind, client_key, status, user_id, prefix=prefix)
        pages = inside.pages(self._room, query)
        return (self._account(grant) for page in pages for grant in page)

    def timeline(self, account: Account, limit: int = 200) -> list[Event]:
        """What happened to an account, newest first. It holds no secret.

        Raises:
            StoreError: the store cannot be read.
        """
        return self._room.site.store.events(inside.ref_of(account), limit)

    def erase(self, account: Account) -> None:
        """Delete everything that is known of a person: tokens, timeline, logins.

        Disconnect first: what is erased can no longer be revoked.

        Raises:
            StoreError: the store cannot be written.
        """
        inside.erase(self._room, self._counter.teller, inside.ref_of(account))

    def apply_webhook(self, event: WebhookEvent) -> bool:
        """Act on a verified webhook; whether it changed an account.

        An ``authorization.removed`` from before the account's consent changes nothing.

        Raises:
            StoreError: the store cannot be used.
        """
        return inside.apply_webhook(self._room, self._counter.teller, event)

    def receive_webhook(
        self, headers: Mapping[str, str], body: bytes, *, max_age: float | None = 300.0
    ) -> WebhookEvent:
        """Check a webhook as ``TikTokOAuth.verify_webhook`` does, and act on it.

        Returns:
            What it says, whether it changed an account or not.

        Raises:
            ValidationError: it is not from TikTok, too old, or no event.
            StoreError: the store cannot be used; TikTok will send it again.
        """
        event = inside.read_webhook(self._room, headers, body, max_age)
        self.apply_webhook(event)
        return event

    def redirect_uri(self, client_key: str | None = None) -> str:
        """Where TikTok sends people back to.

        Raises:
            ValidationError: there is no such app here, or several to choose from.
            InvalidCredentialsError: none is configured, or TikTok would refuse it.
        """
        return inside.redirect_uri(self._room, client_key)

    def reseal(
        self, progress: Callable[[int, int], None] | None = None, *, rate: float = 1000.0
    ) -> ResealReport:
        """Seal again, under the active key, all that another one has sealed.

        Everything goes on meanwhile. It may be broken off and begun again.

        Args:
            progress: is told now and then how many values are done, and of how many.
            rate: accounts a second.

        Raises:
            VaultKeyError: a running vault does not know the active key; nothing was changed.
            StoreError: the store cannot be used.
        """
        return reseal(self._room, progress, rate=rate)

    def subscribe(self, listener: Callable[[VaultEvent], None]) -> Callable[[], None]:
        """Hear of what this vault does to accounts; returns how to stop hearing.

        Listeners run in the vault's threads: be quick, and do not raise.
        """
        return self._room.listeners.add(listener)

    def close(self) -> None:
        """Wait for refreshes under way, then let go of store and journal. The client stays."""
        self._room.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"TokenVault({', '.join(self._room.cores)})"

    def _account(self, grant: Grant) -> Account:
        return Account(self._counter, grant.ref, state_of(self._room, grant), self._begin_for)

    def _begin_for(self, state: AccountState, scopes: frozenset[str]) -> LoginStart:
        return logins.begin(self._room, inside.login_for(self._room, state, scopes))
