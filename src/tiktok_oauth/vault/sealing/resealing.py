"""Sealing everything again under the active key, while everything goes on.

What is being refreshed is left alone and comes again. It can be broken off at any time: what was
resealed stays so, and the next run begins with what is left.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from tiktok_oauth.engine.run import run
from tiktok_oauth.errors import VaultKeyError, vault_key_error
from tiktok_oauth.observe.logs import logger
from tiktok_oauth.vault.checks import check_rate
from tiktok_oauth.vault.logins import binding_of
from tiktok_oauth.vault.refresh import answers
from tiktok_oauth.vault.refresh.recover import payloads_in
from tiktok_oauth.vault.sealing.cipher import RESTORE, Binding
from tiktok_oauth.vault.stores.rows import AccountQuery, Resealed
from tiktok_oauth.vault.stores.soundness import is_altered

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from tiktok_oauth.types import Clock
    from tiktok_oauth.vault.sealing.cipher import Cipher
    from tiktok_oauth.vault.site import Site
    from tiktok_oauth.vault.stores.rows import Boot, Candidate, Grant, PendingLogin, Ref
    from tiktok_oauth.vault.stores.store import Store
    from tiktok_oauth.vault.strongroom import Strongroom

T = TypeVar("T")

_BATCH = 100
_ROUNDS = 30
_BETWEEN_ROUNDS = 1.0
_SILENT = 86400.0
"""Seconds after its last sign of life that a vault on another host counts as gone (store clock)."""


@dataclass(frozen=True, slots=True)
class ResealReport:
    """What came of sealing everything again.

    Attributes:
        resealed: values sealed again, of accounts, of candidates and of pending logins.
        unreadable: values that do not open, and were left as they are.
        left: values that other keys have sealed, by the key's ID. While it is empty, nothing in
            the store or in this host's journals needs any key but the active one.
        behind: running vaults that still seal with another key, and have to be restarted.
    """

    resealed: int
    unreadable: int
    left: Mapping[str, int]
    behind: int

    @property
    def is_done(self) -> bool:
        """Whether all other keys can be retired."""
        return not self.left and not self.behind


def reseal(
    room: Strongroom,
    progress: Callable[[int, int], None] | None = None,
    *,
    rate: float = 1000.0,
) -> ResealReport:
    """Seal again, under the active key, all that is sealed with another one.

    Args:
        room: the vault's inside.
        progress: is told now and then how many values are done, and of how many.
        rate: accounts a second.

    Raises:
        ValidationError: ``rate`` is no rate.
        VaultKeyError: a running vault does not know the active key; nothing was changed.
        StoreError: the store cannot be used; what was resealed stays so.
    """
    check_rate("rate", rate)
    site = room.site
    room.bury()
    check_known(site.store, site.cipher.ring.active_id)
    clock = next(iter(room.cores.values())).clock
    return _Resealing(site, clock, progress or _nobody, rate).run()


def check_known(store: Store, key_id: str) -> None:
    """Make sure that every running vault can open what a key seals.

    Raises:
        VaultKeyError: one cannot.
    """
    strangers = [boot for boot in _living(store) if key_id not in boot.keys.split(",")]
    if strangers:
        hosts = ", ".join(sorted({boot.host for boot in strangers}))
        raise vault_key_error(
            f"Key {key_id} is not known to {len(strangers)} of the running vaults (journals of "
            f"host {hosts}).",
            "Bring the key file to them, restart them, and try again. Nothing was changed.",
        )


def sealing_with(store: Store) -> Counter[str]:
    """How many running vaults seal with each key."""
    return Counter(boot.keys.split(",")[0] for boot in _living(store))


def in_use(store: Store, directory: Path | None) -> dict[str, int]:
    """How many values each key has sealed, in the store and in a directory's journals."""
    found = Counter(store.sealed_with())
    if directory is not None and directory.is_dir():
        labels = filter(None, map(answers.label_of, payloads_in(directory)))
        found.update(key_id for _, key_id in labels)
    return dict(found)


def _living(store: Store) -> list[Boot]:
    boots = store.boots()
    latest = max((boot.seen_at for boot in boots), default=0.0)
    return [boot for boot in boots if boot.seen_at > latest - _SILENT]


def _nobody(_done: int, _total: int) -> None:
    """Nobody wants to hear of it."""


@dataclass
class _Resealing:
    site: Site
    clock: Clock
    tell: Callable[[int, int], None]
    rate: float
    done: int = 0
    total: int = 0
    unreadable: set[bytes | Ref] = field(default_factory=set)

    def run(self) -> ResealReport:
        store, key_id = self.site.store, self.site.cipher.ring.active_id
        self.total = sum(_others(store.sealed_with(), key_id).values())
        for _ in range(_ROUNDS):
            busy = self._accounts(key_id)
            busy += self._all(store.stale_candidates, self._candidate)
            busy += self._all(store.stale_logins, self._login)
            self._tell()
            if not busy:
                break
            run(self.clock.pause(_BETWEEN_ROUNDS))
        left = _others(in_use(store, self.site.directory), key_id)
        behind = sum(_others(sealing_with(store), key_id).values())
        return ResealReport(self.done, len(self.unreadable), left, behind)

    def _accounts(self, key_id: str) -> int:
        """One walk over all accounts; returns how many were being refreshed."""
        after, busy = None, 0
        while page := self.site.store.page(AccountQuery(_BATCH, after, key_id_not=key_id)):
            began = self.clock.monotonic()
            after = page[-1].ref
            changes = [change for grant in page if (change := self._account(grant))]
            written = self.site.store.reseal(changes)
            busy += written.count(False)
            for change, is_done in zip(changes, written, strict=True):
                self.done += is_done * (1 if change.parent is None else 2)
            self._tell()
            took = self.clock.monotonic() - began
            run(self.clock.pause(max(0.0, len(page) / self.rate - took)))
            if len(page) < _BATCH:  # An altered open_id is behind no other.
                break
        return busy

    def _account(self, grant: Grant) -> Resealed | None:
        try:
            return _resealed(self.site.cipher, grant)
        except VaultKeyError as error:
            self._leave(grant.ref, error)
            return None

    def _all(
        self, find: Callable[[str, int], Sequence[T]], replace: Callable[[T], bool | None]
    ) -> int:
        """Replace all that can be; returns how many were in use."""
        # What does not open is found again each time, and must not hide the others.
        while found := find(self.site.cipher.ring.active_id, _BATCH + len(self.unreadable)):
            unreadable = len(self.unreadable)
            outcomes = [replace(one) for one in found]
            self.done += outcomes.count(True)
            if True not in outcomes and len(self.unreadable) == unreadable:
                return outcomes.count(False)
        return 0

    def _candidate(self, one: Candidate) -> bool | None:
        cipher, binding = self.site.cipher, Binding("candidate", *one.ref, one.gen, one.ver)
        try:
            token = cipher.open_secret(one.sealed, binding)
        except VaultKeyError as error:
            self._leave(one.fingerprint, error)
            return None
        sealed, fingerprint = cipher.seal_secret(token, binding), cipher.fingerprint(token)
        return self.site.store.reseal_candidate(one.ref, one.fingerprint, fingerprint, sealed)

    def _login(self, one: PendingLogin) -> bool | None:
        stood = one.verifier or b""
        try:
            verifier = self.site.cipher.reseal(stood, binding_of(one.client_key, one.state))
        except VaultKeyError as error:
            self._leave(one.state, error)
            return None
        return self.site.store.reseal_login(one.state, stood, verifier)

    def _leave(self, which: bytes | Ref, error: VaultKeyError) -> None:
        if which not in self.unreadable:
            self.unreadable.add(which)
            logger.error("[TikTokOAuth] reseal - %s", error.message)

    def _tell(self) -> None:
        self.tell(self.done, max(self.done, self.total))


def _resealed(cipher: Cipher, grant: Grant) -> Resealed:
    """An account's tokens under the active key.

    Raises:
        VaultKeyError: one of them does not open.
    """
    if is_altered(grant):
        raise vault_key_error(f"The row of {grant.open_id} was altered.", RESTORE)
    gen, ver = grant.gen, grant.ver
    stands = Binding("refresh", *grant.ref, gen, ver)
    refresh = cipher.open_secret(grant.refresh or b"", stands)
    return Resealed(
        grant.ref,
        gen,
        ver,
        grant.fingerprint or b"",
        cipher.ring.active_id,
        _again(cipher, grant.access, Binding("access", *grant.ref, gen, ver)),
        cipher.seal_secret(refresh, stands),
        _again(cipher, grant.parent, Binding("refresh", *grant.ref, gen, ver - 1)),
        cipher.fingerprint(refresh),
    )


def _again(cipher: Cipher, sealed: bytes | None, binding: Binding) -> bytes | None:
    return None if sealed is None else cipher.reseal(sealed, binding)


def _others(counts: Mapping[str, int], key_id: str) -> dict[str, int]:
    return {other: count for other, count in counts.items() if other != key_id and count}
