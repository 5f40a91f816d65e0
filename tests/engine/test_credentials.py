"""Judgements about credentials, and how long they hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from tests.engine.conftest import OPTIONS, SECRET
from tiktok_oauth.errors import InvalidCredentialsError, invalid_credentials

if TYPE_CHECKING:
    from tests.engine.conftest import MakeCore
    from tests.support.scripted import FakeClock
    from tiktok_oauth.engine.core import Core


def test_a_judgement_is_made_once_in_five_minutes(
    core: Core, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rules are consulted again only when 300 seconds have passed."""
    judged: list[float] = []
    for rule in ("credential_problem", "redirect_problem"):
        monkeypatch.setattr(
            f"tiktok_oauth.engine.core.{rule}", lambda *_: judged.append(clock.monotonic())
        )
    for _ in range(7):
        core.credentials.check()
        core.credentials.check_redirect()
        clock.advance(60)

    # Key, secret and redirect URI, at the beginning and after five minutes.
    assert judged == [500.0] * 3 + [800.0] * 3


def test_a_bad_judgement_is_remembered_as_well(make_core: MakeCore, clock: FakeClock) -> None:
    """It is raised again, as a new error, in the same words."""
    credentials = make_core(replace(OPTIONS, client_key=None)).credentials
    errors = []
    for _ in range(2):
        with pytest.raises(InvalidCredentialsError) as caught:
            credentials.check()
        errors.append(caught.value)

    assert errors[0] is not errors[1]
    assert str(errors[0]) == str(errors[1])


def test_tiktoks_own_verdict_holds_for_five_minutes(core: Core, clock: FakeClock) -> None:
    """Yes and no alike, each until it is over."""
    credentials = core.credentials
    assert not credentials.is_known_online()

    credentials.remember_online(None)
    clock.advance(299)
    assert credentials.is_known_online()
    clock.advance(1)
    assert not credentials.is_known_online()

    credentials.remember_online(invalid_credentials("No.", "Hint."))
    with pytest.raises(InvalidCredentialsError, match=r"No\. Hint\."):
        credentials.is_known_online()
    clock.advance(300)
    assert not credentials.is_known_online()


def test_credentials_do_not_show(core: Core) -> None:
    """Neither the secret nor a judgement about it."""
    assert SECRET not in repr(core)
    assert SECRET not in repr(vars(core.credentials))
