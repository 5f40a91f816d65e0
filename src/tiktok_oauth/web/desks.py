"""A vault as the stories of a login see it: one shape over both kinds."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar, cast

from tiktok_oauth.errors import ValidationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tiktok_oauth.login import LoginStart
    from tiktok_oauth.types import Secret, WebhookEvent
    from tiktok_oauth.vault.aio import AsyncTokenVault
    from tiktok_oauth.vault.logins import LoginRequest, LoginResult
    from tiktok_oauth.vault.snapshot import AccountStatus
    from tiktok_oauth.vault.vault import TokenVault


class AnyAccount(Protocol):
    """What both kinds of account have in common, here."""

    @property
    def client_key(self) -> str:
        """The app."""
        ...

    @property
    def open_id(self) -> str:
        """The person, for this app only."""
        ...

    @property
    def user_id(self) -> str | None:
        """The site's own name for the person."""
        ...

    @property
    def status(self) -> AccountStatus:
        """What can be done with it."""
        ...

    def disconnect(self) -> Awaitable[None] | None:
        """Revoke the access at TikTok and forget the tokens."""
        ...


A = TypeVar("A", bound=AnyAccount)
T = TypeVar("T")


class Desk(Generic[A]):
    """Does what a website's login needs of a vault. Over a blocking one it never waits.

    Args:
        vault: of either kind; ``A`` is its kind of account.
    """

    def __init__(self, vault: TokenVault | AsyncTokenVault) -> None:
        self._vault = vault

    async def begin(self, wanted: LoginRequest) -> LoginStart:
        """Begin a login.

        Raises:
            TikTokAPIError: it cannot begin.
        """
        return await _settled(
            self._vault.begin_login(
                wanted.scopes,
                user_id=wanted.user_id,
                next_url=wanted.next_url,
                client_key=wanted.client_key,
                open_id=wanted.open_id,
                disable_auto_auth=wanted.disable_auto_auth,
            )
        )

    async def finish(self, query: Secret, binding: Secret) -> LoginResult[A]:
        """Finish a login.

        Raises:
            LoginError: it belongs to no login of this browser's, or access was declined.
            TikTokAPIError: the exchange failed.
        """
        outcome = self._vault.finish_login(query.reveal(), binding.reveal())
        return await _settled(cast("LoginResult[A] | Awaitable[LoginResult[A]]", outcome))

    async def find(self, client_key: str | None, open_id: str) -> A | None:
        """One account, if it is known.

        Raises:
            StoreError: the store cannot be read.
        """
        try:
            outcome = self._vault.account(open_id, client_key=client_key)
            return await _settled(cast("A | Awaitable[A]", outcome))
        except ValidationError:
            return None

    async def of_user(self, user_id: str, client_key: str | None) -> list[A]:
        """A user's accounts.

        Raises:
            StoreError: the store cannot be read.
        """
        found = self._vault.accounts(user_id=user_id, client_key=client_key)
        if isinstance(found, AsyncIterator):
            return [cast("A", account) async for account in found]
        return [cast("A", account) for account in found]

    async def disconnect(self, account: A) -> None:
        """Revoke an account's access, and forget its tokens.

        Raises:
            TikTokAPIError: it did not work; the account is as it was.
        """
        await _settled(account.disconnect())

    async def receive_webhook(
        self, headers: Mapping[str, str], body: bytes, max_age: float | None
    ) -> WebhookEvent:
        """Check a webhook, and act on it.

        Raises:
            ValidationError: it is not from TikTok, too old, or no event.
            StoreError: the store cannot be used.
        """
        return await _settled(self._vault.receive_webhook(headers, body, max_age=max_age))


async def _settled(outcome: T | Awaitable[T]) -> T:
    """What a method of either kind of vault returned."""
    return await outcome if isinstance(outcome, Awaitable) else outcome
