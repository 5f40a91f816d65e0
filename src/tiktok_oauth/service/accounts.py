"""Connected accounts, in memory: they are gone when the service stops."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiktok_oauth.types import TikTokTokens, TikTokUserInfo

_LIMIT = 1_000


@dataclass(frozen=True, slots=True)
class ConnectedAccount:
    """One person who said yes. ``user`` is None when the profile could not be read."""

    tokens: TikTokTokens
    connected_at: float
    user: TikTokUserInfo | None = None

    @property
    def open_id(self) -> str:
        """The person's id for this app."""
        return self.tokens.open_id

    @property
    def access_expires_at(self) -> float:
        """When the access token ends, in Unix seconds."""
        return self.connected_at + self.tokens.expires_in

    @property
    def refresh_expires_at(self) -> float:
        """When the person has to consent again, in Unix seconds."""
        return self.connected_at + self.tokens.refresh_expires_in


class Accounts:
    """The accounts by open_id, newest last; beyond a thousand, the oldest give way."""

    def __init__(self) -> None:
        self._accounts: OrderedDict[str, ConnectedAccount] = OrderedDict()

    def put(self, account: ConnectedAccount) -> None:
        """Keep an account, in place of what was known of the same person."""
        self._accounts.pop(account.open_id, None)
        self._accounts[account.open_id] = account
        if len(self._accounts) > _LIMIT:
            self._accounts.popitem(last=False)

    def get(self, open_id: str) -> ConnectedAccount | None:
        """Return an account, if it is connected."""
        return self._accounts.get(open_id)

    def remove(self, open_id: str) -> None:
        """Forget an account and its tokens."""
        self._accounts.pop(open_id, None)

    def __iter__(self) -> Iterator[ConnectedAccount]:
        return reversed(self._accounts.values())
