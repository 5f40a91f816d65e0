"""What dead vaults have left: their answers go into the store, then their claims are nobody's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiktok_oauth.errors import store_error
from tiktok_oauth.vault.refresh import answers
from tiktok_oauth.vault.refresh.place import replay

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from tiktok_oauth.vault.refresh.answers import Answer
    from tiktok_oauth.vault.refresh.ports import Desk
    from tiktok_oauth.vault.sealing.cipher import Cipher


def read_answers(payloads: Iterable[bytes], cipher: Cipher) -> list[Answer]:
    """The answers in a journal, the oldest of each account first.

    Raises:
        VaultKeyError: a record cannot be opened; the journal stays where it is.
    """
    found = [answers.decode(payload, cipher) for payload in payloads]
    return sorted(
        (answer for answer in found if answer is not None),
        key=lambda answer: (answer.ref, answer.gen, answer.ver, answer.asked_at),
    )


def payloads_in(directory: Path) -> Iterator[bytes]:
    """What all journals in a directory hold, those of the living, too.

    Raises:
        StoreError: one cannot be read.
    """
    for path in sorted(directory.glob("*.journal")):
        try:
            content = path.read_bytes()
        except FileNotFoundError:  # Its writer has just finished with it.
            continue
        except OSError as error:
            message = f"The journal {path} cannot be read: {error.strerror}."
            raise store_error(message, "Run this as the user that wrote it.") from None
        yield from answers.split(content)


async def replay_all(desks: Mapping[str, Desk], left: Iterable[Answer]) -> int:
    """Bring answers into the store; returns how many are for apps that are not known here.

    Doing it twice, or while somebody else does it, changes nothing.
    """
    strangers = 0
    for answer in left:
        desk = desks.get(answer.ref.client_key)
        if desk is None:
            strangers += 1
        else:
            await replay(desk, answer)
    return strangers
