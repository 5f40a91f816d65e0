"""Sealing everything again under another key: nothing is missed, and it ends in proof."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing, contextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from tests.vault import made
from tests.vault.stores import backends
from tiktok_oauth import (
    KeyRing,
    TikTokOAuth,
    TikTokTokens,
    TokenVault,
    ValidationError,
    VaultKeyError,
)
from tiktok_oauth.types import Secret
from tiktok_oauth.vault.moving.dumps import Dump
from tiktok_oauth.vault.moving.importing import import_tokens
from tiktok_oauth.vault.moving.mappings import PLAIN
from tiktok_oauth.vault.moving.records import Assumptions
from tiktok_oauth.vault.opening import open_vault
from tiktok_oauth.vault.sealing.cipher import Binding, Cipher
from tiktok_oauth.vault.sealing.resealing import ResealReport, in_use
from tiktok_oauth.vault.stores.rows import AccountQuery, Boot, Candidate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.vault import Town
    from tests.vault.stores import Opener
    from tiktok_oauth.vault.site import Site
    from tiktok_oauth.vault.stores.rows import Grant

pytestmark = pytest.mark.slow
"""Works on files, again and again."""

OLD = KeyRing.generate("old")
BOTH = OLD.with_new("new")
NEW = BOTH.promote("new")
ALONE = NEW.retire("old")
LOOPBACK = "http://127.0.0.1:8000/callback"
SIBLING = Secret("rft.sibling")


def sibling(row: Grant) -> Candidate:
    """A refresh token of an account's that could not become current, under the old key."""
    cipher, place = Cipher(BOTH), Binding("candidate", *row.ref, row.gen, row.ver)
    sealed = cipher.seal_secret(SIBLING, place)
    return Candidate(
        row.ref, row.gen, row.ver, cipher.fingerprint(SIBLING), sealed, "sibling", row.granted_at
    )


def connect(town: Town, *people: str) -> list[Any]:
    """Accounts that were sealed with the old key."""
    vault = town.vault(keys=BOTH)
    accounts = [town.connect(vault, person) for person in people or ("mina",)]
    town.shut(vault)
    return accounts


def doubt(town: Town, account: Any) -> None:  # noqa: ANN401 - of either kind
    """A request for it went unanswered: the next refresh keeps the token that it sends."""
    town.store.begin_boot(made.boot(made.MINE))
    held = made.claimed(town.store, town.row(account))  # type: ignore[arg-type]  # an SqlStore
    later = {"not_before": 0.0, "refusals": 0, "refused_at": None, "event": None}
    town.store.settle([made.settled(held, **later)])
    town.store.end_boot(made.MINE, "")


def test_what_does_not_open_hides_nothing_that_does(file_town: Town) -> None:
    """However many there are: what comes behind them is sealed anew, and they are counted."""
    vault = file_town.vault(keys=BOTH)
    row = file_town.row(file_town.connect(vault))
    file_town.shut(vault)
    good = sibling(row)
    for number in range(101):
        file_town.store.keep_candidate(
            msgspec.structs.replace(
                good,
                fingerprint=b"print %d" % number,
                sealed=good.sealed[:-1] + bytes([good.sealed[-1] ^ 1]),
                created_at=good.created_at - 1 - number,
            )
        )
    file_town.store.keep_candidate(good)

    report = file_town.do(file_town.vault(keys=NEW).reseal)

    assert (report.resealed, report.unreadable) == (2, 101)


def test_a_vault_on_a_file_says_now_and_then_that_it_lives(file_town: Town) -> None:
    """Whoever was silent for a day passes for gone, and its keys could be retired under it."""
    file_town.connect(file_town.vault())

    assert "tiktok-oauth-beat" in {thread.name for thread in threading.enumerate()}


def test_everything_opens_with_the_new_key_alone(file_town: Town) -> None:
    """Access, refresh and parent token, a candidate: the same as before, and the report says so."""
    vault = file_town.vault(keys=BOTH)
    account = file_town.connect(vault)
    doubt(file_town, account)
    file_town.do(account.refresh)
    before = file_town.row(account)
    file_town.store.keep_candidate(sibling(before))
    file_town.shut(vault)

    report = file_town.do(file_town.vault(keys=NEW).reseal)

    row, cipher = file_town.row(account), Cipher(ALONE)
    place = (*row.ref, row.gen)
    [kept] = file_town.store.candidates(row.ref)
    assert report == ResealReport(3, 0, {}, 0)
    assert report.is_done
    for sealed, purpose, ver in (
        (row.access, "access", row.ver),
        (row.refresh, "refresh", row.ver),
        (row.parent, "refresh", row.ver - 1),
    ):
        token = cipher.open_secret(sealed or b"", Binding(purpose, *place, ver))  # type: ignore[arg-type]  # the two
        assert token.reveal() in file_town.issued
    assert cipher.open_secret(kept.sealed, Binding("candidate", *place, kept.ver)) == SIBLING
    assert cipher.same_token(kept.fingerprint, SIBLING)
    assert (
        msgspec.structs.replace(
            row,
            **{name: getattr(before, name) for name in ("access", "refresh", "parent")},
            fingerprint=before.fingerprint,
            key_id=before.key_id,
        )
        == before
    )


def test_a_login_under_way_is_finished_under_the_new_key(file_town: Town) -> None:
    """Its verifier was sealed again, too."""
    client = file_town.client(redirect_uri=LOOPBACK)
    vault = file_town.vault(client, keys=BOTH)
    start = file_town.do(vault.begin_login)
    file_town.shut(vault)
    vault = file_town.vault(keys=NEW)

    assert file_town.do(vault.reseal) == ResealReport(1, 0, {}, 0)
    file_town.shut(vault)
    vault = file_town.vault(file_town.client(redirect_uri=LOOPBACK), keys=ALONE)
    query = file_town.callback(start.url)
    result = file_town.do(vault.finish_login, query, start.binding)
    assert result.account.status == "active"


def test_the_account_is_refreshed_as_before(file_town: Town) -> None:
    """Its refresh token is the same one."""
    [account] = connect(file_town)
    file_town.do(file_town.vault(keys=NEW).reseal)

    again = file_town.do(file_town.vault(keys=ALONE).account, account.open_id)
    assert file_town.do(again.refresh).status == "active"
    assert file_town.refreshes == 1


def test_a_parent_under_the_old_key_is_found(file_town: Town) -> None:
    """A refresh after the promotion seals its own tokens; the one before keeps the old key."""
    [account] = connect(file_town)
    doubt(file_town, account)
    vault = file_town.vault(keys=NEW)
    file_town.do(file_town.do(vault.account, account.open_id).refresh)
    before = file_town.store.sealed_with()

    assert before == {NEW.active_id: 1, OLD.active_id: 1}
    assert file_town.row(account).key_id == NEW.active_id
    assert file_town.do(vault.reseal).left == {}


def test_what_is_being_refreshed_comes_again(file_town: Town) -> None:
    """It is left alone until its claim is settled."""
    [account] = connect(file_town)
    store = file_town.store
    store.begin_boot(Boot("other", "elsewhere", ",".join(NEW.key_ids), 0.0, store.timeline()))
    held = made.claimed(store, file_town.row(account), boot="other")  # type: ignore[arg-type]  # an SqlStore
    heard: list[tuple[int, int]] = []

    def settle(done: int, total: int) -> None:
        heard.append((done, total))
        if len(heard) == 2:
            store.settle([made.settled(held, event=None)])

    report = file_town.do(file_town.vault(keys=NEW).reseal, settle)

    assert report.left == {}
    assert heard[0] == (0, 1)
    assert heard[-1] == (1, 1)
    assert 1.0 in file_town.clock.pauses


def test_the_claims_of_the_dead_hold_nothing_up(file_town: Town) -> None:
    """Nobody refreshes it any more, whatever the row still says."""
    [account] = connect(file_town)
    store = file_town.store
    store.begin_boot(Boot("dead", "elsewhere", ",".join(NEW.key_ids), 0.0, store.timeline()))
    made.claimed(store, file_town.row(account), boot="dead")  # type: ignore[arg-type]  # an SqlStore
    store.end_boot("dead", "")

    assert file_town.do(file_town.vault(keys=NEW).reseal).is_done
    assert file_town.row(account).boot == "dead"


def test_every_running_vault_must_know_the_key(file_town: Town) -> None:
    """One that does not could not open what is sealed from now on: nothing is changed."""
    vault = file_town.vault(keys=OLD)
    account = file_town.connect(vault)
    before = file_town.row(account)

    error = file_town.refused(file_town.vault(keys=NEW).reseal)

    assert isinstance(error, VaultKeyError)
    assert f"Key {NEW.active_id} is not known to 1 of the running vaults" in error.message
    assert file_town.row(account) == before


def test_a_vault_that_seals_with_the_old_key_is_told(file_town: Town) -> None:
    """It knows the new one, so that nothing breaks; but it has to be restarted before the end."""
    file_town.connect(file_town.vault(keys=BOTH))

    report = file_town.do(file_town.vault(keys=NEW).reseal)

    assert (report.left, report.behind, report.is_done) == ({}, 1, False)


def test_journals_count(file_town: Town, tmp_path: Path) -> None:
    """The answers in a living vault's journal are sealed with the key it had."""
    vault = file_town.vault(keys=BOTH)
    file_town.do(file_town.connect(vault).refresh)

    report = file_town.do(file_town.vault(keys=NEW).reseal)

    assert report.left == {OLD.active_id: 1}
    assert in_use(file_town.store, tmp_path / "tokens.db-answers")[OLD.active_id] == 1
    assert in_use(file_town.store, None) == {NEW.active_id: 1}


def test_an_altered_token_is_left_and_stops_nothing(file_town: Town) -> None:
    """It does not open: it stays as it is, and the others are done."""
    altered, other = connect(file_town, "mina", "jonas")
    row = file_town.row(altered)
    change = made.resealed(row, OLD.active_id)
    file_town.store.reseal([msgspec.structs.replace(change, fingerprint=row.fingerprint)])

    report = file_town.do(file_town.vault(keys=NEW).reseal)

    assert (report.resealed, report.unreadable) == (1, 1)
    assert report.left == {OLD.active_id: 1}
    assert file_town.row(altered).refresh == b"new refresh"
    assert file_town.row(other).key_id == NEW.active_id


def test_a_column_of_another_kind_is_left_and_stops_nothing(
    file_town: Town, tmp_path: Path
) -> None:
    """One bit on the disk makes text of bytes: they may be mended by hand, and are not dropped."""
    altered, other = connect(file_town, "mina", "jonas")
    before = file_town.row(altered).access
    with closing(sqlite3.connect(tmp_path / "tokens.db", isolation_level=None)) as owner:
        text = "UPDATE accounts SET access = CAST(access AS TEXT) WHERE open_id = ?"
        owner.execute(text, (altered.open_id,))

        report = file_town.do(file_town.vault(keys=NEW).reseal)

        owner.text_factory = bytes
        kept = "SELECT access FROM accounts WHERE open_id = ?"
        assert owner.execute(kept, (altered.open_id,)).fetchone() == (before,)
    assert (report.resealed, report.unreadable) == (1, 1)
    assert file_town.row(other).key_id == NEW.active_id


def test_it_goes_on_where_it_was_broken_off(file_town: Town) -> None:
    """What was done stays done."""
    vault = file_town.vault(keys=BOTH)
    for given in file_town.sandbox.populate(150):
        names = ("access_token", "refresh_token", "expires_in", "refresh_expires_in", "open_id")
        told = {name: getattr(given, name) for name in names}
        file_town.do(vault.adopt, TikTokTokens(**told, scope=given.scope))
    file_town.shut(vault)
    vault = file_town.vault(keys=NEW)

    def stop(done: int, _total: int) -> None:
        if done >= 100:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        file_town.do(vault.reseal, stop)
    half = file_town.store.sealed_with()
    report = file_town.do(vault.reseal)

    assert half == {OLD.active_id: 50, NEW.active_id: 100}
    assert report == ResealReport(50, 0, {}, 0)


def test_it_takes_its_time(file_town: Town) -> None:
    """A thousand accounts a second, unless somebody says otherwise."""
    connect(file_town, "mina", "jonas")

    file_town.do(file_town.vault(keys=NEW).reseal, rate=4.0)

    assert file_town.clock.pauses == [0.5]
    assert isinstance(file_town.refused(file_town.vault(keys=NEW).reseal, rate=0), ValidationError)


@pytest.mark.parametrize("opened", backends())
def test_stores_tell_which_key_sealed_what(opened: Opener, tmp_path: Path) -> None:
    """Accounts, parents, candidates and logins, in every database."""
    sealed = b"TTO\x01\x01" + bytes.fromhex(made.K1) + b"rest"
    with opened(tmp_path) as store:
        assert store.consent_all([made.consent(), made.consent(gen=3)]) == [True, False]
        store.keep_candidate(msgspec.structs.replace(made.candidate("c"), sealed=sealed))
        store.add_login(made.pending(verifier=sealed))
        [grant] = store.page(AccountQuery(key_id_not=made.K2))
        before = store.sealed_with()
        [candidate] = store.stale_candidates(made.K2, 10)
        [login] = store.stale_logins(made.K2, 10)

        assert before == {made.K1: 3}
        assert store.page(AccountQuery(key_id_not=made.K1)) == []
        assert store.stale_candidates(made.K1, 10) == []
        assert store.stale_logins(made.K1, 10) == []
        after = sealed.replace(bytes.fromhex(made.K1), bytes.fromhex(made.K2))
        assert store.reseal([made.resealed(grant, made.K2)]) == [True]
        assert store.reseal_candidate(candidate.ref, candidate.fingerprint, b"print", after)
        assert not store.reseal_candidate(candidate.ref, candidate.fingerprint, b"print", after)
        assert store.reseal_login(login.state, sealed, after)
        assert not store.reseal_login(login.state, sealed, after)
        assert store.sealed_with() == {made.K2: 3}
        assert store.candidates(candidate.ref) == [
            msgspec.structs.replace(candidate, fingerprint=b"print", sealed=after)
        ]


_WORKER = """
import sys
from tiktok_oauth import KeyRing, TikTokOAuth, TokenVault

client = TikTokOAuth("aw1", "never sent")
vault = TokenVault(client, store=sys.argv[1], keys=KeyRing.from_file(sys.argv[2]))
vault.reseal(lambda done, total: print(done, flush=True), rate=1_000)
"""


_KILLS = int(os.environ.get("RESEAL_KILLS", "20"))
"""``make chaos`` asks for two hundred."""


@pytest.mark.slow
def test_killing_it_loses_nothing(tmp_path: Path) -> None:
    """Wherever it is: no token is undecryptable, and the next run proves the end."""
    url, ring = f"sqlite:///{tmp_path / 'tokens.db'}", BOTH
    record = '{"open_id": "p%d", "access_token": "act.%d", "refresh_token": "rft.%d"}'
    dump = "\n".join(record % (number, number, number) for number in range(600)).encode()
    with opened_site(url, ring) as site:
        import_tokens(site, Dump(BytesIO(dump)), PLAIN, Assumptions("aw1"), now=lambda: 1.8e9)
    dice = random.Random(1)  # noqa: S311 - the same places in every run
    halfway = 0
    for _ in range(_KILLS):
        ring = ring.promote(ring.key_ids[1])
        ring.save(tmp_path / "keys.json", replace=True)
        kill_after(dice.randrange(1, 6), url, tmp_path / "keys.json")
        with opened_site(url, ring) as site:
            rows = site.store.page(AccountQuery(limit=1_000))
            places = [Binding("refresh", *row.ref, row.gen, 1) for row in rows]
            tokens = map(site.cipher.open_secret, [row.refresh or b"" for row in rows], places)
            found = {token.reveal() for token in tokens}
        halfway += len({row.key_id for row in rows}) == 2

        assert found == {f"rft.{number}" for number in range(600)}
    assert halfway >= _KILLS / 2
    with closing(TokenVault(TikTokOAuth("aw1", "never sent"), store=url, keys=ring)) as vault:
        assert vault.reseal(rate=1e6).is_done
    with opened_site(url, ring.retire(ring.key_ids[1])) as site:
        assert site.store.sealed_with() == {ring.active_id: 600}


def kill_after(reports: int, url: str, keys: Path) -> None:
    """Let a process seal again, and kill it once it has told so often how far it is."""
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", _WORKER, url, str(keys)], stdout=subprocess.PIPE
    ) as worker:
        assert worker.stdout is not None
        for _ in range(reports):
            worker.stdout.readline()
        worker.kill()


@contextmanager
def opened_site(url: str, ring: KeyRing) -> Iterator[Site]:
    """A store with a ring, for looking."""
    site = open_vault(url, ring, None)
    try:
        yield site
    finally:
        site.close(settled=True)
