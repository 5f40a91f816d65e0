"""What the supervisor tells its children."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from tests.service.site import SESSION_KEY, settings_for
from tiktok_oauth import KeyRing, VaultKeyError
from tiktok_oauth.service.processes.briefing import (
    Briefing,
    encode,
    pack_keys,
    receive,
    unpack_keys,
)
from tiktok_oauth.types import Secret
from tiktok_oauth.vault.sealing.cipher import Binding, Cipher

if TYPE_CHECKING:
    from pathlib import Path

PLACE = Binding("refresh", "app", "person", 1, 1)


def passed_on(briefing: Briefing) -> Briefing:
    """A briefing as it arrives through the pipe."""
    return receive(io.BytesIO(encode(briefing).reveal().encode()))


def test_a_briefing_arrives_whole(tmp_path: Path) -> None:
    """Settings, keys and session key are the same at the other end of the pipe."""
    settings = settings_for(tmp_path, "sqlite:///tokens.db")
    sent = Briefing(settings, pack_keys(KeyRing.generate()), SESSION_KEY, 7)

    assert passed_on(sent) == sent


def test_a_whole_ring_opens_what_it_sealed(tmp_path: Path) -> None:
    """The airlock's ring is the supervisor's."""
    ring = KeyRing.generate().with_new()
    sealed = Cipher(ring).seal_secret(Secret("a refresh token"), PLACE)

    arrived = unpack_keys(pack_keys(ring))

    assert arrived.key_ids == ring.key_ids
    assert Cipher(arrived).open_secret(sealed, PLACE).reveal() == "a refresh token"


def test_a_workers_ring_opens_no_refresh_token() -> None:
    """What a web worker is told does not open a refresh token (T-46)."""
    ring = KeyRing.generate()
    sealed = Cipher(ring).seal_secret(Secret("a refresh token"), PLACE)

    arrived = unpack_keys(pack_keys(ring.for_access_only()))

    assert arrived.access_only
    with pytest.raises(VaultKeyError):
        Cipher(arrived).open_secret(sealed, PLACE)


def test_a_briefing_shows_no_secret(tmp_path: Path) -> None:
    """Neither keys nor secrets are in its repr."""
    ring = KeyRing.generate()
    briefing = Briefing(settings_for(tmp_path, "sqlite:///t.db"), pack_keys(ring), SESSION_KEY)

    shown = repr(briefing)

    assert all(key.material.reveal() not in shown for key in briefing.keys)
    assert briefing.settings.apps[0].client_secret.reveal() not in shown
    assert SESSION_KEY.reveal() not in shown
