"""What the doctor looks at. Nothing is changed by looking."""

from __future__ import annotations

import os
import platform
import shutil
import stat
import statistics
import sys
import tempfile
import time
from contextlib import suppress
from email.utils import parsedate_to_datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from tiktok_oauth.cli.appchecks import examine_app
from tiktok_oauth.cli.finding import Finding
from tiktok_oauth.cli.options import is_there, key_place, opened_store, read_ring
from tiktok_oauth.client import TikTokOAuth
from tiktok_oauth.engine.ports import TransportError
from tiktok_oauth.engine.run import run
from tiktok_oauth.errors import TikTokAPIError
from tiktok_oauth.protocol.http import HttpRequest
from tiktok_oauth.vault.freeze import FROZEN
from tiktok_oauth.vault.opening import journal_of, state_path
from tiktok_oauth.vault.refresh.recover import payloads_in
from tiktok_oauth.vault.sealing.cipher import Cipher
from tiktok_oauth.vault.site import judge_keys
from tiktok_oauth.vault.stores.sqlitefile import FLEETING, file_system, is_url, path_of
from tiktok_oauth.vault.ways import blocking_core
from tiktok_oauth.vault.wholefile import told_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiktok_oauth.cli.finding import Verdict
    from tiktok_oauth.engine.core import Core
    from tiktok_oauth.protocol.http import HttpResponse
    from tiktok_oauth.vault.sealing.keyring import KeyRing
    from tiktok_oauth.vault.stores.store import Store

_LIBRARIES = ("aiohttp", "cryptography", "msgspec", "urllib3")
_MOUNTS = Path("/proc/self/mountinfo")
_SYNCS = 25
_DISHONEST = 20e-6
_SLOW = 50e-3
_LITTLE_ROOM = 256 << 20
_CLOCK_WARNS, _CLOCK_FAILS = 5.0, 60.0
_TIMEOUT = 5.0
_LIMIT = 1 << 16


def examine(database: str | None, keys: Path | None, *, offline: bool) -> Iterator[Finding]:
    """Look at everything, one thing after the other."""
    yield _python()
    yield _libraries()
    yield from _environment()
    yield from examine_app(offline=offline)
    url = database or f"sqlite:///{state_path() / 'tokens.db'}"
    if is_url(url):
        yield from _disk(url)
    yield from _store(database, url, keys)
    if not offline:
        yield _clock()


def _python() -> Finding:
    says = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    if sys.flags.dev_mode:
        return Finding("python", "warn", f"{says}, in development mode", "Leave -X dev out.")
    return Finding("python", "ok", says)


def _libraries() -> Finding:
    found = {}
    for name in _LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            mend = "Run: pip install --force-reinstall tiktok-oauth"
            return Finding("libraries", "fail", f"{name} is not installed.", mend)
    return Finding("libraries", "ok", ", ".join(f"{n} {v}" for n, v in found.items()))


def _environment() -> Iterator[Finding]:
    try:
        with TikTokOAuth() as client:
            client.validate_credentials()
    except TikTokAPIError as error:
        yield Finding("environment", "warn", error.message, error.hint)
    else:
        yield Finding("environment", "ok", "Client key and secret can be right.")
    if key_place(None) is None:
        yield Finding(
            "environment",
            "warn",
            "The keys themselves are in TIKTOK_OAUTH_KEYS, which child processes see.",
            "Keep them in a file of mode 0600, and put its path there.",
        )
    if os.environ.get("SSLKEYLOGFILE"):
        yield Finding(
            "environment",
            "warn",
            "SSLKEYLOGFILE is set: other programs write down the keys of their connections.",
            "Unset it; this library ignores it.",
        )


def _disk(url: str) -> Iterator[Finding]:
    try:
        path = path_of(url)
    except TikTokAPIError as error:
        yield Finding("disk", "warn", error.message, error.hint)
        return
    kind = (
        file_system(path, _MOUNTS.read_text(errors="surrogateescape")) if _MOUNTS.exists() else None
    )
    if kind in FLEETING:
        mend = "Name a database on a disk that lasts."
        yield Finding("file system", "warn", f"{kind}: {FLEETING[kind]}.", mend)
    elif kind is not None:
        yield Finding("file system", "ok", kind)
    free = shutil.disk_usage(path.parent).free
    if free < _LITTLE_ROOM:
        yield Finding("room", "warn", f"{free >> 20} MiB are free.", f"Make room in {path.parent}.")
    else:
        yield Finding("room", "ok", f"{free >> 20:,} MiB are free.")
    yield _sync(path.parent)


def _sync(directory: Path) -> Finding:
    """How long the disk takes to keep something."""
    times = []
    try:
        with tempfile.TemporaryFile(dir=directory) as file:
            for _ in range(_SYNCS):
                os.pwrite(file.fileno(), os.urandom(1024), 0)
                began = time.perf_counter()
                os.fsync(file.fileno())
                times.append(time.perf_counter() - began)
    except OSError as error:
        mend = "Let this user write there."
        return Finding("sync", "fail", f"{directory}: {error.strerror}.", mend)
    middle = statistics.median(times)
    says = f"A sync takes {middle * 1e3:.2f} ms."
    if middle < _DISHONEST:
        mend = "Nothing that is written may survive a power cut: look at the disk's write cache."
        return Finding("sync", "warn", f"{says} That is too fast to be true.", mend)
    if middle > _SLOW:
        return Finding("sync", "warn", says, "Each refresh takes several: use a faster disk.")
    return Finding("sync", "ok", says)


def _store(database: str | None, url: str, keys: Path | None) -> Iterator[Finding]:
    ring = None
    try:
        ring = read_ring(keys)
    except TikTokAPIError as error:
        if is_there(database) or not error.message.startswith("There is no key file"):
            yield Finding("keys", "fail", error.message, error.hint)
        else:
            mend = "The first login makes one, with the store."
            yield Finding("keys", "warn", error.message, mend)
    if not is_there(database):
        mend = "The first login makes one: tiktok-oauth login"
        yield Finding("store", "warn", "There is no store yet.", mend)
        return
    try:
        with opened_store(database) as store:
            yield _writable(url) or Finding("store", "ok", store.describe())
            yield from _inside(store, ring)
            directory = journal_of(url, store)
    except TikTokAPIError as error:
        yield Finding("store", "fail", error.message, error.hint)
        return
    yield _journal(directory)


def _writable(url: str) -> Finding | None:
    """What keeps this user from writing the database; a server says so by itself."""
    path = path_of(url) if is_url(url) else None
    if path is None or os.access(path, os.W_OK):
        return None
    mend = f"Run this as the user it belongs to, or: chmod u+w {path}"
    return Finding("store", "fail", f"This user may not write {path}.", mend)


def _inside(store: Store, ring: KeyRing | None) -> Iterator[Finding]:
    standing = store.standing(time.time(), warm=False)
    counts = ", ".join(f"{count} {status}" for status, count in sorted(standing.accounts.items()))
    yield Finding("accounts", "ok", counts or "none")
    if store.setting(FROZEN) is None:
        yield Finding("frozen", "ok", "no")
    else:
        mend = "See: tiktok-oauth unfreeze"
        yield Finding("frozen", "fail", "The store is an older copy; nothing is refreshed.", mend)
    if ring is None:
        return
    try:
        judge_keys(store, Cipher(ring))
    except TikTokAPIError as error:
        yield Finding("keys", "fail", error.message, error.hint)
        return
    others = set(store.sealed_with()) - {ring.active_id}
    says = f"{', '.join(ring.key_ids)}; the first one seals"
    if ring.access_only:
        says += ", for access tokens only"
    if others:
        mend = "Run: tiktok-oauth keys reseal"
        yield Finding("keys", "warn", f"{says}; others have sealed values, too.", mend)
    else:
        yield Finding("keys", "ok", says)


def _journal(directory: Path | None) -> Finding:
    if directory is None or not directory.is_dir():
        return Finding("journal", "ok", "There is none yet; the first vault makes it.")
    mode = directory.stat().st_mode
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        says = f"Others than its owner can enter {directory}."
        return Finding("journal", "fail", says, f"Run: chmod 700 {directory}")
    try:
        with told_of(directory):
            _read_all(directory)
        held = sum(1 for _ in payloads_in(directory))
    except TikTokAPIError as error:
        return Finding("journal", "fail", error.message, error.hint)
    return Finding("journal", "ok", f"{held} answers in {directory}")


def _read_all(directory: Path) -> None:
    """Open every file of a journal's, as a vault that starts will have to."""
    for path in directory.iterdir():
        if path.is_dir():
            continue  # Where a disk of its own is mounted there may be one.
        with suppress(FileNotFoundError), path.open("rb"):  # A vault may just have ended.
            pass


def _clock() -> Finding:
    """How far this machine's clock is from TikTok's, by the date of an answer."""
    with TikTokOAuth() as client:
        core = blocking_core(client)
        request = HttpRequest("GET", core.app.base_url + "/", ())
        began = time.time()
        try:
            answer = run(_asked(core, request))
            told = parsedate_to_datetime(answer.headers.get("date") or "").timestamp()
        except (TransportError, ValueError) as error:
            says = f"TikTok's clock could not be read: {error}."
            return Finding("clock", "warn", says, "Let this machine reach it, or use --offline.")
    away = abs((began + time.time()) / 2 - told)
    says = f"{away:.0f} s from TikTok's"
    if away <= _CLOCK_WARNS:
        return Finding("clock", "ok", says)
    verdict: Verdict = "fail" if away > _CLOCK_FAILS else "warn"
    return Finding("clock", verdict, says, "Let this machine set its clock by NTP.")


async def _asked(core: Core, request: HttpRequest) -> HttpResponse:
    return await core.sender.send(request, timeout=_TIMEOUT, limit=_LIMIT)
