"""Key rings: the keys that tokens are sealed with, in order, the active one first."""

from __future__ import annotations

import re
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tiktok_oauth.observe.logs import logger
from tiktok_oauth.types import Secret
from tiktok_oauth.vault.sealing.keyfile import load_keys, save_keys
from tiktok_oauth.vault.sealing.kms import KeyWrapper, PassphraseWrapper, key_error
from tiktok_oauth.vault.sealing.material import MAKE_ONE, RawKey, RingKey, raw_keys

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

_SHORTEST_PASSPHRASE = 12
# Shorter than a key in base64, so that a key in a name's place is not taken for a name.
_NAME = re.compile(r"[A-Za-z0-9._-]{1,32}")
_ID = re.compile(r"[0-9a-f]{16}")
_LIST = re.compile(rf"\s*{_NAME.pattern}:")


class KeyRing:
    """The keys that tokens are sealed with. The first one seals, every one opens.

    A ring is never changed: ``with_new``, ``promote`` and ``retire`` make another one. Its ``repr``
    shows key IDs only, and it cannot be pickled.

    Raises:
        VaultKeyError: there is no key, or two have the same ID or name.
    """

    __slots__ = ("_by_id", "_keys")

    def __init__(self, keys: Sequence[RingKey]) -> None:
        self._keys = tuple(keys)
        self._by_id = {key.key_id: key for key in self._keys}
        if not self._keys:
            raise key_error("The key ring is empty.", MAKE_ONE)
        for key in self._keys:
            _check_name(key)
        if len(self._by_id) < len(self._keys):
            raise key_error("The key ring has the same key twice.", "Remove one of them.")
        if len({key.name for key in self._keys}) < len(self._keys):
            raise key_error("Two keys of the ring have the same name.", "Rename one of them.")

    @classmethod
    def generate(cls, name: str | None = None) -> Self:
        """A ring of one new key from the operating system's secure source.

        Raises:
            VaultKeyError: ``name`` is not 1 to 32 letters, digits, dots, dashes or underscores.
        """
        return cls([_new_key(name or "k1")])

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> Self:
        """The ring of a file that ``save`` wrote.

        Raises:
            VaultKeyError: the file is missing, open to others than its owner, or no key ring.
        """
        return cls(load_keys(Path(path), None))

    @classmethod
    def from_wrapped(cls, path: str | os.PathLike[str], wrapper: KeyWrapper) -> Self:
        """The ring of a file whose keys are encrypted by ``wrapper``, e.g. a KMS.

        Raises:
            VaultKeyError: as ``from_file``, or the wrapper could not decrypt a key.
        """
        return cls(load_keys(Path(path), wrapper))

    @classmethod
    def import_(cls, path: str | os.PathLike[str], passphrase: str) -> Self:
        """The ring of a file that ``export`` wrote.

        Raises:
            VaultKeyError: as ``from_file``, or the passphrase is wrong.
        """
        wrapper = PassphraseWrapper(passphrase)
        del passphrase
        return cls.from_wrapped(path, wrapper)

    @classmethod
    def parse(cls, text: str) -> Self:
        """The ring of a list ``name:base64,name:base64``, the active key first.

        Raises:
            VaultKeyError: an entry is not a name and 32 bytes in base64; it says which entry.
        """
        listed = Secret(text)
        del text
        return cls([_entry(number, *pair) for number, pair in enumerate(_pairs(listed), 1)])

    @classmethod
    def from_env(cls, value: str) -> Self:
        """The ring an environment variable stands for: a file's path, or a list as for ``parse``.

        Raises:
            VaultKeyError: it is neither, or what it names is no key ring.
        """
        given = Secret(value)
        del value
        if _LIST.match(given.reveal()):
            logger.warning(
                "[TikTokOAuth] keys - Taken from the environment, which /proc, child processes "
                "and crash reports show. A key file of mode 0600 is safer."
            )
            return cls.parse(given.reveal())
        path = named_file(given)
        if path is None:
            raise key_error(
                "The key setting is neither a list of name:base64 nor a file that can be seen.",
                "Set TIKTOK_OAUTH_KEYS to the path of a key file. For a new store make one: "
                "tiktok-oauth keys new --keys keys.json",
            )
        return cls.from_file(path)

    @property
    def key_ids(self) -> tuple[str, ...]:
        """The keys' IDs, the active one first."""
        return tuple(self._by_id)

    @property
    def active_id(self) -> str:
        """The ID of the key that seals."""
        return self._keys[0].key_id

    @property
    def names(self) -> dict[str, str]:
        """The keys' names by ID, in order."""
        return {key.key_id: key.name for key in self._keys}

    @property
    def access_only(self) -> bool:
        """Whether this ring opens no refresh token."""
        return any(not key.whole for key in self._keys)

    def find(self, key_id: str) -> RingKey | None:
        """The key with an ID; None when the ring does not have it."""
        return self._by_id.get(key_id)

    def with_new(self, name: str | None = None) -> Self:
        """This ring with a new key at its end, which opens but does not seal yet.

        Raises:
            VaultKeyError: the name is taken or malformed, or the ring is for access tokens only.
        """
        if self.access_only:
            raise key_error(
                "An access-only ring gets no keys of its own.",
                "Add the key to the whole ring and make the access-only ring from it again.",
            )
        return type(self)([*self._keys, _new_key(name or self._free_name())])

    def promote(self, key_id: str) -> Self:
        """This ring with another key active. Every process must know the key by then.

        Args:
            key_id: the key's ID or name.

        Raises:
            VaultKeyError: the ring has no such key.
        """
        chosen = self._chosen(key_id)
        return type(self)([chosen, *(key for key in self._keys if key is not chosen)])

    def retire(self, key_id: str) -> Self:
        """This ring without a key. What is still sealed with it does not open any more.

        Args:
            key_id: the key's ID or name.

        Raises:
            VaultKeyError: the ring has no such key, or it is the active one.
        """
        chosen = self._chosen(key_id)
        if chosen is self._keys[0]:
            raise key_error(
                f"Key {chosen.key_id} is the active one.", "Promote another key before."
            )
        return type(self)([key for key in self._keys if key is not chosen])

    def for_access_only(self) -> Self:
        """This ring without what opens refresh tokens, for processes that only use access tokens.

        It holds keys derived for access tokens, pending logins and fingerprints; nobody can
        compute the others from them.
        """
        return type(self)([key.for_access_only() for key in self._keys])

    def save(
        self,
        path: str | os.PathLike[str],
        *,
        wrapper: KeyWrapper | None = None,
        replace: bool = False,
    ) -> None:
        """Write the ring to a file of mode 0600, complete and on disk when it can be seen.

        Args:
            path: where; missing directories are made with mode 0700.
            wrapper: encrypts the keys in the file; read it with ``from_wrapped``.
            replace: take the place of an existing file, in one step.

        Raises:
            VaultKeyError: the file exists and ``replace`` is off, it cannot be written, or the
                wrapper could not encrypt a key.
        """
        save_keys(Path(path), self._keys, wrapper, replace=replace)

    def export(self, path: str | os.PathLike[str], passphrase: str) -> None:
        """Write the ring to a new file under a passphrase, to be kept in a safe place.

        Raises:
            VaultKeyError: the passphrase is shorter than 12 characters, or the file cannot be
                written.
        """
        long_enough = len(passphrase) >= _SHORTEST_PASSPHRASE
        wrapper = PassphraseWrapper(passphrase)
        del passphrase
        if not long_enough:
            raise key_error(
                f"The passphrase has fewer than {_SHORTEST_PASSPHRASE} characters.",
                "Whoever gets the export can try passphrases at leisure: use several words.",
            )
        self.save(path, wrapper=wrapper)

    def _chosen(self, key_id: str) -> RingKey:
        for key in self._keys:
            if key_id in {key.key_id, key.name}:
                return key
        raise key_error("The key ring has no such key.", f"It has {', '.join(self.key_ids)}.")

    def _free_name(self) -> str:
        taken = set(self.names.values())
        return next(name for n in range(1, len(taken) + 2) if (name := f"k{n}") not in taken)

    def __repr__(self) -> str:
        kind = " access only" if self.access_only else ""
        return f"<KeyRing{kind} {', '.join(self.key_ids)}>"


def _new_key(name: str) -> RingKey:
    return RingKey.from_key(name, RawKey(secrets.token_bytes(32)))


def _check_name(key: RingKey) -> None:
    if not _NAME.fullmatch(key.name):
        raise key_error(
            f"The name of key {key.key_id} is not a name.",
            "Use 1 to 32 letters, digits, dots, dashes and underscores.",
        )
    if _ID.fullmatch(key.name) and key.name != key.key_id:
        raise key_error(
            f"A key is called {key.name}, but its ID is {key.key_id}.",
            "Bring back the key that has this ID, or call this one something else.",
        )


def _pairs(listed: Secret) -> list[tuple[Secret, Secret]]:
    """Names and keys of a list; a name is as secret as a key until we know which is which."""
    parts = [entry.partition(":") for entry in listed.reveal().split(",")]
    return [(Secret(name.strip()), Secret(key.strip())) for name, _, key in parts]


def _entry(number: int, name: Secret, key: Secret) -> RingKey:
    where = f"Entry {number} of the key list"
    if not _NAME.fullmatch(name.reveal()):
        raise key_error(f"{where} is not of the form name:base64.", MAKE_ONE)
    return RingKey.from_key(name.reveal(), *raw_keys(key, 1, where))


def named_file(given: Secret) -> Path | None:
    """The file that a setting names; None for a list of keys, or a key pasted without its name.

    Of what is not there only a name that ends in ``.json`` is one: no key in base64 does, and
    what could be a key is never repeated.
    """
    if _LIST.match(given.reveal()):
        return None
    try:
        path = Path(given.reveal().strip()).expanduser()
        return path if path.suffix == ".json" or path.is_file() else None
    except (OSError, RuntimeError, ValueError):
        return None
