"""Every argument of a vault, wrong in several ways: a sentence that names it, and nothing made."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tiktok_oauth import AsyncTikTokOAuth, AsyncTokenVault, TikTokOAuth, TokenVault, ValidationError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.vault import Town, World


def told(error: object) -> str:
    """The sentence of an error that a wrong argument must end in."""
    assert isinstance(error, ValidationError)
    return error.message


def test_a_vault_judges_its_places_before_it_makes_anything(world: World, tmp_path: Path) -> None:
    """A path in the place of a URL or of a key ring: no database is made beside keys to come."""
    client: Any = (AsyncTikTokOAuth if world.awaiting else TikTokOAuth)("aw1", "never sent")
    kind: Any = AsyncTokenVault if world.awaiting else TokenVault
    wrong: list[tuple[str, object]] = [
        *(("store", store) for store in (5, tmp_path / "tokens.db", b"sqlite:///t.db")),
        *(("keys", keys) for keys in ("keys.json", tmp_path / "keys.json", 5, {"k1"})),
        *(("journal", journal) for journal in (5, b"journal", ["journal"])),
        *(("refreshed_by", word) for word in ("me", ["vault"], None)),
        *(("patience", patience) for patience in (-1, "long", math.nan)),
    ]

    for name, value in wrong:
        given = {"store": f"sqlite:///{tmp_path}/tokens.db"} | {name: value}
        assert name in told(world.refused(kind, client, **given))

    assert list(tmp_path.iterdir()) == []


def test_a_vault_and_its_client_are_of_one_kind() -> None:
    """Either would hand out coroutines, or wait for what is none."""
    blocking, awaiting = TikTokOAuth("aw1", "never sent"), AsyncTikTokOAuth("aw2", "never sent")

    wrong: list[tuple[Any, Any, str]] = [
        *((TokenVault, one, "a TikTokOAuth") for one in (awaiting, [blocking, awaiting])),
        *(
            (AsyncTokenVault, one, "an AsyncTikTokOAuth")
            for one in (blocking, [awaiting, blocking])
        ),
    ]
    for kind, clients, right in wrong:
        with pytest.raises(ValidationError, match=f"must be {right}"):
            kind(clients, store="memory:")


@pytest.mark.parametrize("name", ["begin_login", "account", "access_token", "accounts"])
def test_a_client_key_is_a_name(town: Town, name: str) -> None:
    """A list of one is none."""
    vault = town.vault()
    given = ("nobody",) if name in {"account", "access_token"} else ()

    for wrong in (["aw1"], 5, b"aw1"):
        error = town.refused(getattr(vault, name), *given, client_key=wrong)
        assert "client_key" in told(error)


def test_wrong_arguments_of_a_vault_are_refused(town: Town) -> None:
    """With a sentence, whatever they are."""
    vault = town.vault()
    account = town.connect(vault)
    calls: list[tuple[Any, dict[str, Any], str]] = [
        *((vault.accounts, {"after": after}, "after") for after in ("ab", ("a",), ("a", 5), 5)),
        *((vault.reseal, {"rate": rate}, "rate") for rate in (0, "x", math.nan, math.inf)),
        *((vault.timeline, {"account": other}, "account") for other in ("mina", None, vault)),
        *((vault.erase, {"account": other}, "account") for other in ("mina", None, vault)),
        (vault.subscribe, {"listener": 5}, "listener"),
        (vault.apply_webhook, {"event": None}, "event"),
        *(
            (account.access_token, {"refused": token}, "refused")
            for token in (5, b"act.x", ["act.x"])
        ),
        *((account.user_info, {"fields": fields}, "fields") for fields in (5, [1], [["open_id"]])),
        *((account.request, {"method": "GET", "path": path}, "path") for path in (5, ["/v2/a/"])),
    ]

    for method, given, name in calls:
        assert name in told(town.refused(method, **given))
    assert town.row(account).status == "active"


def test_fields_are_judged_where_nobody_knows_what_was_granted(town: Town) -> None:
    """By the client, in its own words."""
    account = town.do(town.vault().adopt, replace(town.tokens(), scope=""))

    assert "fields" in told(town.refused(account.user_info, ["nope", 5]))
