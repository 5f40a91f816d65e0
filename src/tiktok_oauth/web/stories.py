"""A login on a website, told once for every framework: leave, come back, disconnect, be told.

Each story takes a ``Visit`` and gives a ``Reply``. The framework's file turns its own request into
the one and the other into its own response, and decides nothing.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from tiktok_oauth.errors import LoginError
from tiktok_oauth.types import Secret
from tiktok_oauth.vault.logins import LoginRequest, is_local
from tiktok_oauth.web.desks import AnyAccount
from tiktok_oauth.web.flow import Reply, Visitor, arrive, leave
from tiktok_oauth.web.words import explain, not_connected, not_signed_in

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tiktok_oauth.errors import TikTokAPIError
    from tiktok_oauth.login import LoginStart
    from tiktok_oauth.types import WebhookEvent
    from tiktok_oauth.vault.logins import LoginResult
    from tiktok_oauth.web.desks import Desk
    from tiktok_oauth.web.flow import Address, Cookie, Visit
    from tiktok_oauth.web.words import ErrorPage

A = TypeVar("A", bound=AnyAccount)


@dataclass(frozen=True, slots=True)
class LoginSettings:
    """What a website wants of its logins.

    Attributes:
        address: where they live.
        scopes: what to ask for; the client's default when None.
        client_key: which app, when the vault has several.
        home: where people go when a login named no other place.
        needs_user: whether only a user whom the site knows may connect an account.
        keeps_user: whether the vault keeps whose account it is; else the site does.
        ask_always: whether TikTok shows its page even to those who have consented before.
        webhook_max_age: seconds since TikTok signed a webhook; None takes any age.
    """

    address: Address
    scopes: Sequence[str] | str | None = None
    client_key: str | None = None
    home: str = "/"
    needs_user: bool = False
    keeps_user: bool = False
    ask_always: bool = True
    webhook_max_age: float | None = 300.0


class Stories(Generic[A]):
    """All that a website does about logins.

    Args:
        desk: the vault.
        settings: what the website wants.
        clock: Unix seconds.
    """

    def __init__(
        self, desk: Desk[A], settings: LoginSettings, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._desk = desk
        self._settings = settings
        self._clock = clock

    async def start(self, visit: Visit) -> Reply:
        """Leave for TikTok. The form may name ``next``, and an ``open_id`` to connect again.

        TikTok's page is shown even to those who have consented before: it says which account it
        is, so that nobody connects another one than they mean to.

        Raises:
            TikTokAPIError: it cannot begin.
        """
        settings = self._settings
        if settings.needs_user and visit.user_id is None:
            raise not_signed_in()
        wanted = LoginRequest(
            scopes=settings.scopes,
            user_id=visit.user_id if settings.keeps_user else None,
            next_url=visit.form.get("next") or None,
            client_key=settings.client_key,
            open_id=visit.form.get("open_id") or None,
            disable_auto_auth=True if settings.ask_always else None,
        )
        start = await self._desk.begin(wanted)
        return Reply(location=start.url, cookies=self._leave(visit, start))

    async def callback(self, visit: Visit) -> tuple[Reply, LoginResult[A] | None]:
        """Come back from TikTok; the login's result, unless it was here before.

        The login's cookie is left to age out: by it a page that is loaded twice is told from a
        forged one, and leads where the first one led.

        Raises:
            LoginError: it belongs to no login of this browser's, or access was declined.
            TikTokAPIError: the exchange failed.
        """
        settings = self._settings
        binding = arrive(settings.address, visit.query, visit.cookies, visit.user_id)
        try:
            result = await self._desk.finish(Secret(visit.query), binding)
        except LoginError as error:
            if error.reason != "replayed" or await self.current(visit) is None:
                raise
            return Reply(location=settings.home), None
        account = result.account
        visitor = Visitor(account.client_key, account.open_id)
        return Reply(location=result.next_url or settings.home, sign_in=visitor), result

    async def disconnect(self, visit: Visit) -> Reply:
        """Revoke the access at TikTok, and forget the tokens.

        The form may name ``next``, and the ``open_id`` of one of the user's accounts.

        Raises:
            InvalidTokenError: there is no such account of the visitor's.
            TikTokAPIError: it did not work; the account is as it was.
        """
        open_id = visit.form.get("open_id")
        account = await (self._own(visit, open_id) if open_id else self.current(visit))
        if account is None:
            raise not_connected()
        await self._desk.disconnect(account)
        is_here = visit.visitor == Visitor(account.client_key, account.open_id)
        return Reply(location=self._next(visit), sign_out=is_here)

    def sign_out(self, visit: Visit) -> Reply:
        """Forget who is here; the account stays connected."""
        return Reply(location=self._next(visit), sign_out=True)

    async def webhook(self, visit: Visit) -> WebhookEvent:
        """Check a webhook by its raw body, and act on it.

        Raises:
            ValidationError: it is not from TikTok, too old, or no event.
            StoreError: the store cannot be used; TikTok will send it again.
        """
        return await self._desk.receive_webhook(
            visit.headers, visit.body, self._settings.webhook_max_age
        )

    async def current(self, visit: Visit) -> A | None:
        """The visitor's account: the session's, else the first of the user's.

        What a session holds is only taken for an account of the user who is signed in now.

        Raises:
            StoreError: the store cannot be read.
        """
        visitor = visit.visitor
        if visitor is not None:
            found = await self._desk.find(visitor.client_key, visitor.open_id)
            if found is not None and self._may_use(visit, found):
                return found
        if not self._settings.keeps_user or visit.user_id is None:
            return None
        of_user = await self._desk.of_user(visit.user_id, self._settings.client_key)
        return next((account for account in of_user if self._may_use(visit, account)), None)

    def problem(
        self, visit: Visit, error: TikTokAPIError, *, in_login: bool
    ) -> tuple[ErrorPage, tuple[Cookie, ...]]:
        """What to tell a visitor of an error, and the cookies to set.

        Args:
            visit: of the request that failed.
            error: what was raised.
            in_login: whether a login raised it.
        """
        page = explain(error, in_login=in_login)
        if page.consent is None:
            return page, ()
        return page, self._leave(visit, page.consent)

    def _leave(self, visit: Visit, start: LoginStart) -> tuple[Cookie, ...]:
        return leave(
            self._settings.address,
            start,
            now=self._clock(),
            cookies=visit.cookies,
            user_id=visit.user_id,
        )

    async def _own(self, visit: Visit, open_id: str) -> A | None:
        """The account of this name, if it is the visitor's."""
        found = await self._desk.find(self._settings.client_key, open_id)
        if found is None or not self._may_use(visit, found):
            return None
        is_here = visit.visitor == Visitor(found.client_key, found.open_id)
        return found if is_here or self._settings.keeps_user else None

    def _may_use(self, visit: Visit, account: A) -> bool:
        if account.status == "disconnected":
            return False
        # Nobody's accounts are not those of whoever is not signed in.
        is_theirs = visit.user_id is not None and account.user_id == visit.user_id
        return is_theirs or not self._settings.keeps_user

    def _next(self, visit: Visit) -> str:
        wanted = visit.form.get("next", "")
        return wanted if is_local(wanted) else self._settings.home
