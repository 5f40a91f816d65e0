"""What accounts' profiles said when they were last read, so that lists can show names."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import msgspec

from tiktok_oauth.errors import TikTokAPIError
from tiktok_oauth.protocol.endpoints import FIELD_SCOPES
from tiktok_oauth.service.pages.names import clean_name
from tiktok_oauth.vault.stores.rows import Ref

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tiktok_oauth.types import TikTokUserInfo
    from tiktok_oauth.vault.account import AsyncAccount
    from tiktok_oauth.vault.stores.database import Database, Row, Value

FRESH = 300.0
"""Seconds after which somebody who opens an account's page sees it read anew."""
_FOUND = 200
_PRUNED_EVERY = 600.0


class Profile(msgspec.Struct, frozen=True, gc=False):
    """A profile as it was read. The order of the fields is the order of the columns."""

    client_key: str
    open_id: str
    union_id: str | None
    display_name: str | None
    username: str | None
    avatar_url: str | None
    bio: str | None
    link: str | None
    is_verified: int | None
    followers: int | None
    following: int | None
    likes: int | None
    videos: int | None
    read_at: float


_COLUMNS = ", ".join(Profile.__struct_fields__)
_SCHEMA = """
    CREATE TABLE IF NOT EXISTS profiles (
        client_key TEXT NOT NULL,
        open_id TEXT NOT NULL,
        union_id TEXT,
        display_name TEXT,
        username TEXT,
        avatar_url TEXT,
        bio TEXT,
        link TEXT,
        is_verified INTEGER,
        followers BIGINT,
        following BIGINT,
        likes BIGINT,
        videos BIGINT,
        read_at {float} NOT NULL,
        name_key TEXT NOT NULL,
        username_key TEXT NOT NULL,
        PRIMARY KEY (client_key, open_id)
    )
"""
_PUT = f"""
    INSERT INTO profiles ({_COLUMNS}, name_key, username_key)
    VALUES ({", ".join(f":{name}" for name in Profile.__struct_fields__)},
        :name_key, :username_key)
    ON CONFLICT (client_key, open_id) DO UPDATE SET
        {", ".join(f"{name} = excluded.{name}" for name in Profile.__struct_fields__[2:])},
        name_key = excluded.name_key, username_key = excluded.username_key
"""  # noqa: S608 - put together from constants; values are parameters
_GET = f"SELECT {_COLUMNS} FROM profiles WHERE client_key = :client_key AND open_id = :open_id"  # noqa: S608 - as above
_SEARCH = """
    SELECT client_key, open_id FROM profiles
    WHERE name_key LIKE :beginning ESCAPE '!' OR username_key LIKE :beginning ESCAPE '!'
    ORDER BY name_key, open_id LIMIT :limit
"""
_DROP = "DELETE FROM profiles WHERE client_key = :client_key AND open_id = :open_id"
# Whoever disconnects or erases an account elsewhere need not know of this table.
_PRUNE = """
    DELETE FROM profiles WHERE NOT EXISTS (
        SELECT 1 FROM accounts WHERE accounts.client_key = profiles.client_key
        AND accounts.open_id = profiles.open_id AND accounts.status <> 'disconnected'
    )
"""


class Profiles:
    """Profiles by account. Those of accounts that are gone go within ten minutes.

    Args:
        database: the vault's; the table is made when it is missing.
        clock: Unix seconds of this machine.
    """

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock
        self._pruned = 0.0
        self._looks: dict[Ref, asyncio.Task[Profile | None]] = {}
        self._is_made = False

    async def read(self, account: AsyncAccount) -> Profile | None:
        """An account's profile: as it is kept while that is fresh, else as TikTok tells it.

        When TikTok does not, the one that is kept stands.

        Raises:
            StoreError: the store cannot be used.
        """
        ref = Ref(account.client_key, account.open_id)
        kept = await asyncio.to_thread(self._get, ref)
        if kept is not None and self._clock() - kept.read_at < FRESH:
            return kept
        if account.status not in {"active", "refresh_due"}:
            return kept
        look = self._looks.get(ref)
        if look is None:
            look = self._looks[ref] = asyncio.create_task(self._look_anew(ref, account))
            look.add_done_callback(lambda _: self._looks.pop(ref, None))
        return await asyncio.shield(look) or kept

    async def _look_anew(self, ref: Ref, account: AsyncAccount) -> Profile | None:
        granted = [name for name, scope in FIELD_SCOPES.items() if scope in account.scopes]
        try:
            user = await account.user_info(granted or None)
        except TikTokAPIError:
            # Told already, on the dashboard and in the log.
            return None
        told = _profile(ref, user, self._clock())
        await asyncio.to_thread(self._put, told)
        return told

    def is_fresh(self, profile: Profile) -> bool:
        """Whether a profile was read just now."""
        return self._clock() - profile.read_at < FRESH

    async def of(self, refs: Iterable[Ref]) -> Mapping[Ref, Profile]:
        """The kept profiles of some accounts.

        Raises:
            StoreError: the store cannot be read.
        """

        def look() -> dict[Ref, Profile]:
            found = ((ref, self._get(ref)) for ref in refs)
            return {ref: profile for ref, profile in found if profile is not None}

        return await asyncio.to_thread(look)

    async def search(self, beginning: str) -> list[Ref]:
        """Accounts whose name or user name begins like this, in any case of letters.

        Raises:
            StoreError: the store cannot be read.
        """
        return await asyncio.to_thread(self._search, beginning)

    async def drop(self, ref: Ref) -> None:
        """Forget a profile.

        Raises:
            StoreError: the store cannot be written.
        """
        await asyncio.to_thread(self._change, _DROP, ref._asdict())

    def _get(self, ref: Ref) -> Profile | None:
        rows = self._look(_GET, ref._asdict())
        return Profile(*rows[0]) if rows else None  # type: ignore[arg-type]  # as the columns are

    def _put(self, profile: Profile) -> None:
        values: dict[str, Value] = msgspec.structs.asdict(profile)
        values["name_key"] = clean_name(profile.display_name).casefold()
        values["username_key"] = clean_name(profile.username).casefold()
        self._change(_PUT, values)
        if self._clock() - self._pruned >= _PRUNED_EVERY:
            self._pruned = self._clock()
            self._change(_PRUNE, {})

    def _search(self, beginning: str) -> list[Ref]:
        words = clean_name(beginning).casefold()
        for special in ("!", "%", "_"):
            words = words.replace(special, f"!{special}")
        rows = self._look(_SEARCH, {"beginning": f"{words}%", "limit": _FOUND})
        return [Ref(*row) for row in rows]  # type: ignore[arg-type]  # two text columns

    def _look(self, statement: str, values: Mapping[str, Value]) -> list[Row]:
        self._make()
        return self._database.read(statement, values)

    def _change(self, statement: str, values: Mapping[str, Value]) -> None:
        self._make()
        self._database.write(lambda transaction: transaction.run(statement, values))

    def _make(self) -> None:
        if not self._is_made:
            self._database.write(lambda transaction: transaction.run(_SCHEMA, {}))
            self._is_made = True


def _profile(ref: Ref, user: TikTokUserInfo, now: float) -> Profile:
    return Profile(
        ref.client_key,
        ref.open_id,
        user.union_id,
        user.display_name,
        user.username,
        user.avatar_url,
        user.bio_description,
        user.profile_web_link or user.profile_deep_link,
        None if user.is_verified is None else int(user.is_verified),
        user.follower_count,
        user.following_count,
        user.likes_count,
        user.video_count,
        now,
    )
