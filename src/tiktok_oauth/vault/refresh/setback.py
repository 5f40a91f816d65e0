"""A row that somebody has put back to an older version, with a whole old row or a part of a backup.

Its refresh token was replaced long ago: sending it would tell TikTok of a theft. What this vault
has written of late it knows, and its journal has the tokens.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, TypeAlias

from tiktok_oauth.engine.span import Span
from tiktok_oauth.vault.refresh.place import insist, replay

if TYPE_CHECKING:
    from tiktok_oauth.vault.refresh.ports import Desk
    from tiktok_oauth.vault.stores.rows import Grant, Ref, Renewed

_REMEMBERED = 10_000
"""Accounts: about as many as there are answers in a journal."""


Version: TypeAlias = tuple[int, int]
"""An account's version: the consent, and which refresh of it."""


class Marks:
    """The newest version of each account that one boot has written. Shared by its threads."""

    def __init__(self) -> None:
        # Plain tuples: the garbage collector lets go of those.
        self._marks: OrderedDict[tuple[str, str], Version] = OrderedDict()

    def newest(self, ref: Ref) -> Version | None:
        """Of one account; None when nothing was written of late."""
        return self._marks.get(ref)

    def written(self, change: Renewed) -> None:
        """Remember what now stands in the store."""
        key = change.ref.client_key, change.ref.open_id
        self._marks.pop(key, None)
        self._marks[key] = change.gen, change.next_ver
        if len(self._marks) > _REMEMBERED:
            self._marks.popitem(last=False)


async def bring_back(desk: Desk, row: Grant) -> Grant | None:
    """Bring a row that was put back up to what the journal has; None when there is no newer one.

    Args:
        desk: the way to everything.
        row: as it was just read or claimed. A claim on it ends with the new tokens.

    Raises:
        StoreError: the store or the journal cannot be used.
    """
    newest = desk.hands.newest(row.ref)
    if newest is None or newest <= (row.gen, row.ver):
        return None
    Span(desk.core, "refresh_access_token").noticed(
        f"The store holds version {row.ver} of an account of which version {newest[1]} was "
        "written: the newer one was lost, or somebody has put an old row back. What the journal "
        "has takes its place."
    )
    for answer in await desk.hands.own_answers():
        if answer.ref == row.ref:
            await replay(desk, answer)
    now = await insist(desk, lambda: desk.hands.get(row.ref))
    return now if now is not None and (now.gen, now.ver) > (row.gen, row.ver) else None
