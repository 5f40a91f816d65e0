"""The file that SQLite keeps tokens in: where it may lie, and that nobody else can read it."""

from __future__ import annotations

import os
import re
import stat
import threading
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from tiktok_oauth.errors import store_error
from tiktok_oauth.observe.logs import logger

_SCHEMES = ("sqlite:///", "sqlite+pysqlite3:///")
_MOUNTS = Path("/proc/self/mountinfo")
# Their locks do not hold between hosts, or not at all, and "written" may mean "on its way".
_REMOTE = frozenset(
    {
        "9p",
        "afs",
        "beegfs",
        "ceph",
        "cifs",
        "coda",
        "davfs",
        "fuse.ceph",
        "fuse.davfs",
        "fuse.gcsfuse",
        "fuse.glusterfs",
        "fuse.goofys",
        "fuse.rclone",
        "fuse.s3fs",
        "fuse.smbnetfs",
        "fuse.sshfs",
        "gpfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "smb3",
        "smbfs",
    }
)
FLEETING = {
    "tmpfs": "in memory: gone at the next boot",
    "ramfs": "in memory: gone at the next boot",
    "overlay": "in a container's own layer: gone with the container",
}
"""File systems that are local and safe, and do not last."""
_JOURNAL_BYTES = 4 << 20

# SQLite's locks on a file end when its process closes any descriptor of it. A new file is made
# and closed before anybody here can have a lock on it.
_making = threading.Lock()


class Identity(NamedTuple):
    """Which file it is, whatever its name."""

    device: int
    inode: int


def is_url(text: str) -> bool:
    """Whether a URL is of SQLite."""
    return text.startswith(("sqlite:", "sqlite+"))


def absolute(url: str) -> str:
    """The same URL, for whoever goes to another directory before it is used."""
    scheme = next((one for one in _SCHEMES if url.startswith(one)), None)
    if scheme is None:
        return url
    path = url.removeprefix(scheme)
    # Nobody means a directory of that name by ~: opening it says so.
    return url if path[:1] in {"", "/", "~"} else f"{scheme}{Path(path).absolute()}"


def path_of(where: str | Path) -> Path:
    """The absolute path of a database given as a path or as a URL of SQLite.

    Its directory is resolved once, here: whatever its links point to later changes nothing.

    Raises:
        StoreError: the URL names no file, or the directory does not exist.
    """
    text = os.fspath(where)
    if is_url(text):
        scheme = next((one for one in _SCHEMES if text.startswith(one)), text)
        text = text.removeprefix(scheme)
        if not text:
            raise store_error(
                "The URL of the database names no file.",
                "Write sqlite:///tokens.db, sqlite:////var/lib/app/tokens.db, or "
                "sqlite+pysqlite3:///tokens.db.",
            )
    path = Path(text)
    try:
        return path.parent.resolve(strict=True) / path.name
    except OSError as error:
        hint = f"Run: mkdir -p {path.parent}"
        if path.parts[0].startswith("~"):
            hint = (
                "Nothing replaces ~ in a URL: write the whole path, sqlite:////home/you/tokens.db"
            )
        raise store_error(
            f"The directory of the database {path} cannot be used: {error.strerror}.", hint
        ) from error


def prepare(path: Path) -> None:
    """Make the file if it is not there, private, and refuse a place where it would not be safe.

    Raises:
        StoreError: it is a link, no regular file, on a network, or cannot be made.
    """
    # Other systems than Linux do not tell.
    check_place(path, _MOUNTS.read_text(errors="surrogateescape") if _MOUNTS.exists() else "")
    try:
        with _making:
            status = _make(path) or path.lstat()
    except OSError as error:
        raise store_error(
            f"The database {path} cannot be made: {error.strerror}.",
            "Name a place on a local disk that this process may write to.",
        ) from error
    if not stat.S_ISREG(status.st_mode):
        raise store_error(
            f"The database {path} is a link or no regular file.", "Name the file itself."
        )
    if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        logger.warning(
            "[TikTokOAuth] Others than its owner can use the database %s: chmod 600 it", path
        )


def identity(path: Path) -> Identity:
    """Which file is there now.

    Raises:
        StoreError: none is.
    """
    try:
        status = path.lstat()
    except OSError as error:
        raise store_error(
            f"The database {path} is gone: {error.strerror}.",
            "Bring the file back. Nothing was changed.",
        ) from error
    return Identity(status.st_dev, status.st_ino)


def uri(path: Path) -> str:
    """The file as SQLite opens it: never making one."""
    return f"file:{quote(os.fsencode(path))}?mode=rw"


def grow_journal(path: Path, suffix: str) -> None:
    """Give the journal room ahead, so that a full disk still lets commits through.

    It is called while nobody writes the database.

    Raises:
        StoreError: there is no room for it.
    """
    journal = path.with_name(path.name + suffix)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(journal, flags, stat.S_IMODE(path.stat().st_mode)), "wb") as file:
            file.write(bytes(max(0, _JOURNAL_BYTES - os.fstat(file.fileno()).st_size)))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise store_error(
            f"There is no room for the database's journal: {error.strerror}.",
            f"It needs {_JOURNAL_BYTES >> 20} MiB beside {path}.",
            retryable=True,
        ) from error


def file_system(path: Path, mounts: str) -> str | None:
    """The kind of file system a path is on, by the text of Linux's ``mountinfo``."""
    kind, longest = None, -1
    for line in mounts.splitlines():
        place, _, source = line.partition(" - ")
        mounted = Path(_unescaped(place.split()[4]))
        # Of two mounts on one place, the later one hides the earlier.
        if path.is_relative_to(mounted) and len(mounted.parts) >= longest:
            kind, longest = source.split()[0], len(mounted.parts)
    return kind


def _unescaped(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)


def check_place(path: Path, mounts: str) -> None:
    """Refuse a file system on a network, and warn of one that does not last.

    Raises:
        StoreError: it is on a network.
    """
    kind = file_system(path, mounts)
    if kind in _REMOTE:
        raise store_error(
            f"The database {path} is on a network file system ({kind}), where SQLite's locks "
            "and syncs cannot be relied on.",
            "Put it on a local disk, or use PostgreSQL.",
        )
    if kind in FLEETING:
        logger.warning("[TikTokOAuth] The database %s is %s (%s)", path, FLEETING[kind], kind)


def _make(path: Path) -> os.stat_result | None:
    """Make an empty private file; None when something is there."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags, 0o600)
    except FileExistsError:
        return None
    try:
        return os.fstat(descriptor)
    finally:
        os.close(descriptor)
