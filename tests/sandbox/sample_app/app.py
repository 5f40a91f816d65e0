"""A small app: it connects TikTok accounts, and greets people by the name they have there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from tiktok_oauth import InvalidTokenError, TokenExpiredError

if TYPE_CHECKING:
    from tiktok_oauth import TikTokAuthUrl, TikTokOAuth


@dataclass
class Account:
    """What the app keeps of a connected account."""

    access_token: str
    refresh_token: str


class App:
    """The app, around a client that it is given."""

    def __init__(self, client: TikTokOAuth) -> None:
        self._client = client
        self._started: dict[str, TikTokAuthUrl] = {}
        self.account: Account | None = None

    def connect(self) -> str:
        """Return where to send the browser."""
        start = self._client.get_authorization_url()
        self._started[start.state] = start
        return start.url

    def callback(self, url: str) -> str:
        """Return what to show when the browser comes back."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        start = self._started.pop(query.get("state", ""), None)
        if start is None:
            return "This login is not one of ours."
        if "code" not in query:
            return "You chose not to connect."
        tokens = self._client.exchange_code_for_tokens(
            query["code"], code_verifier=start.code_verifier
        )
        self.account = Account(tokens.access_token, tokens.refresh_token)
        return self.greet()

    def greet(self) -> str:
        """Greet whoever is connected, with a fresh token if need be."""
        if self.account is None:
            return "Hello, stranger."
        try:
            user = self._client.get_user_info(self.account.access_token)
        except TokenExpiredError:
            return self._renew()
        return f"Hello, {user.display_name}."

    def _renew(self) -> str:
        assert self.account is not None
        try:
            tokens = self._client.refresh_access_token(self.account.refresh_token)
        except InvalidTokenError:
            self.account = None
            return "Please connect again."
        self.account = Account(tokens.access_token, tokens.refresh_token)
        return self.greet()
