"""What a vault says that starts on what is left of another one, beside what TikTok knows."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.disk.marks import ACCOUNTS, turn_of
from tiktok_oauth import TikTokAPIError, TikTokOAuth, TokenVault
from tiktok_oauth.vault.freeze import FROZEN
from tiktok_oauth.vault.opening import open_store
from tiktok_oauth.vault.sealing.cipher import Binding, Cipher
from tiktok_oauth.vault.stores.rows import Ref
from tiktok_oauth.vault.stores.sqlitelibrary import library_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.disk.marks import Known
    from tiktok_oauth import KeyRing
    from tiktok_oauth.vault.stores.rows import Grant

KEY = "sbawsandbox0000001"
APP = (KEY, "sandbox-client-secret", "https://example.com/callback")
DATABASE, JOURNAL, MARKS = "tokens.db", "answers", "marks"


@dataclass(slots=True)
class Findings:
    """What a look came to.

    Attributes:
        wrong: what must not be, a line each.
        behind: accounts whose newest token is not there.
    """

    wrong: list[str] = field(default_factory=list)
    behind: list[str] = field(default_factory=list)


class Judge:
    """Starts a vault, as a program would, and compares.

    Args:
        scheme: of the store's URL.
        ring: the keys.
    """

    def __init__(self, scheme: str, ring: KeyRing) -> None:
        self._scheme = scheme
        self._ring = ring

    def look(self, place: Path, known: Known) -> Findings:
        """Open what lies in a directory, and compare it with what is known."""
        found = Findings()
        try:
            for name, row in self._opened(place, found).items():
                found.wrong += self._compare(name, row, known)
                if row is not None and self._turn(row) < known.rotated[name]:
                    found.behind.append(name)
        except TikTokAPIError as error:
            found.wrong.append(str(error))
        return found

    def _opened(self, place: Path, found: Findings) -> dict[str, Grant | None]:
        """Start a vault there; the rows then."""
        url = f"{self._scheme}:///{place / DATABASE}"
        with (
            TikTokOAuth(*APP) as client,
            TokenVault(client, store=url, keys=self._ring, journal=place / JOURNAL) as vault,
        ):
            list(vault.accounts())
        with closing(open_store(url)) as store:
            rows = {name: store.get(Ref(KEY, name)) for name in ACCOUNTS}
            if store.setting(FROZEN) is not None:
                found.wrong.append("it is frozen, as if it were an older copy.")
        with closing(library_of(url).connect(place / DATABASE)) as connection:
            try:
                [integrity] = connection.execute("PRAGMA integrity_check").fetchone()
            except connection.Error as error:
                integrity = str(error)
        if integrity != "ok":
            found.wrong.append(integrity)
        return rows

    def _compare(self, name: str, row: Grant | None, known: Known) -> Iterator[str]:
        if row is None:
            if name in known.safe:
                yield f"{name} is gone"
            return
        turn, rotated = self._turn(row), known.rotated[name]
        if turn < known.safe.get(name, 0):
            yield f"{name} has token {turn}, and {known.safe[name]} was safe"
        if turn > rotated:
            yield f"{name} has token {turn}, and TikTok has given {rotated}"
        if turn < rotated and row.attempt is None:
            yield f"{name} has token {turn} of {rotated}, and does not say that it asked for more"

    def _turn(self, row: Grant) -> int:
        binding = Binding("refresh", *row.ref, row.gen, row.ver)
        token = Cipher(self._ring).open(row.refresh or b"", binding).decode()
        return turn_of(token)[1]
