"""The baseline's side: what a careful team makes of Authlib in an afternoon.

Tokens are rows in SQLite; Authlib hands new ones to ``update_token``, which writes them where the
old refresh token stands, as Authlib's documentation shows. Requests are repeated by urllib3, POST
included. The same program runs twice and looks every five minutes for tokens that end within half
an hour; it reads each row again right before it refreshes it. Workers refresh what they find
expired. An account whose refresh token is refused is disconnected, unless somebody has saved a
newer one, or does so later.
"""

from __future__ import annotations

import random
import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import requests
from authlib.integrations.base_client import OAuthError  # type: ignore[import-untyped]  # it has no types
from authlib.integrations.requests_client import OAuth2Session  # type: ignore[import-untyped]  # it has no types
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from tests.chaos.arena import CLIENT_KEY, CLIENT_SECRET

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator

    from tests.chaos.marks import Marks
    from tests.story.side import Desk

_EVERY = 300.0
_AHEAD = 1800.0
_PAUSE = 0.1
_TIMEOUT = 10.0
_SCHEMA = """
    CREATE TABLE tokens (
        open_id TEXT PRIMARY KEY, access_token TEXT, refresh_token TEXT, expires_at REAL,
        connected INTEGER
    )
"""
_BATCH = 500


class Naive:
    """How the baseline's processes work."""

    name = "Authlib"

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._path = desk.arena.folder / "tokens.db"

    def connect(self, count: int) -> None:
        """Let so many people connect."""
        rows = Rows(self._path)
        with closing(rows.database) as database:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute(_SCHEMA)
            for first in range(0, count, _BATCH):
                wanted = {"new_people": min(_BATCH, count - first)}
                for tokens in self._desk.arena.control("grants", wanted)["grants"]:
                    rows.add(tokens, self._desk.arena.now() + tokens["expires_in"])

    def refresh(self, number: int, over: threading.Event, marks: Marks) -> None:
        """Be the job that refreshes what is due."""
        program = _Program(self._desk, Rows(self._path), marks)
        dice = random.Random(number)
        while not over.is_set():
            due = program.rows.due(program.now() + _AHEAD)
            dice.shuffle(due)
            for open_id in due:
                row = program.rows.get(open_id)
                if row["connected"] and row["expires_at"] <= program.now() + _AHEAD:
                    program.refresh(row)
                if over.is_set():
                    break
            over.wait(_EVERY / self._desk.rate)

    def work(self, seed: int, over: threading.Event, marks: Marks) -> None:
        """Be a worker."""
        program, tally = _Program(self._desk, Rows(self._path), marks), self._desk.tally()
        dice, everybody = random.Random(seed), program.rows.everybody()
        while not over.wait(dice.random() * _PAUSE):
            tally.note(program.call(dice.choice(everybody)))

    def tokens(self) -> dict[str, tuple[str, bool]]:
        """Each account's refresh token, and whether it counts as connected."""
        rows = Rows(self._path)
        with closing(rows.database):
            return {
                open_id: (rows.get(open_id)["refresh_token"], bool(rows.get(open_id)["connected"]))
                for open_id in rows.everybody()
            }


class Rows:
    """The tokens, a row an account."""

    def __init__(self, path: object) -> None:
        self.database = sqlite3.connect(str(path), timeout=30, isolation_level=None)
        self.database.row_factory = sqlite3.Row

    def add(self, tokens: dict[str, Any], expires_at: float) -> None:
        """Keep a new account."""
        values = (tokens["open_id"], tokens["access_token"], tokens["refresh_token"], expires_at)
        self.database.execute("INSERT INTO tokens VALUES (?, ?, ?, ?, 1)", values)

    def get(self, open_id: str) -> sqlite3.Row:
        """One account."""
        found: sqlite3.Row = self.database.execute(
            "SELECT * FROM tokens WHERE open_id = ?", (open_id,)
        ).fetchone()
        return found

    def due(self, until: float) -> list[str]:
        """Connected accounts whose access token ends before."""
        return list(self._first("WHERE connected AND expires_at <= ?", until))

    def everybody(self) -> list[str]:
        """All accounts."""
        return list(self._first("ORDER BY open_id"))

    def replace(self, old: str, tokens: dict[str, Any], expires_at: float) -> None:
        """Write new tokens where the old refresh token stands."""
        values = (tokens["access_token"], tokens["refresh_token"], expires_at, old)
        self.database.execute(
            "UPDATE tokens SET access_token = ?, refresh_token = ?, expires_at = ?, connected = 1 "
            "WHERE refresh_token = ?",
            values,
        )

    def disconnect(self, open_id: str, refused: str) -> None:
        """Give an account up, unless somebody has saved another refresh token meanwhile."""
        self.database.execute(
            "UPDATE tokens SET connected = 0 WHERE open_id = ? AND refresh_token = ?",
            (open_id, refused),
        )

    def _first(self, condition: str, *values: float) -> Iterator[str]:
        found = self.database.execute(
            f"SELECT open_id FROM tokens {condition}",  # noqa: S608 - a constant
            values,
        )
        return (row[0] for row in found)


class _Program:
    """One process of the team's."""

    def __init__(self, desk: Desk, rows: Rows, marks: Marks) -> None:
        self._url = desk.arena.base_url
        self._began = (desk.arena.now(), time.monotonic(), desk.rate)
        self.rows = rows
        self._session = OAuth2Session(
            CLIENT_KEY,
            token_endpoint=f"{self._url}/v2/oauth/token/",
            token_endpoint_auth_method="none",
            update_token=self._save,
        )
        retry = Retry(
            total=3,
            backoff_factor=0.1,
            allowed_methods=None,
            status_forcelist=(429, 500, 502, 503, 504),
        )
        self._session.mount("http://", _MarkingAdapter(marks, max_retries=retry))

    def now(self) -> float:
        """What time it is at TikTok."""
        then, at, rate = self._began
        return then + (time.monotonic() - at) * rate

    def refresh(self, row: sqlite3.Row) -> bool:
        """Refresh an account; whether it worked."""
        try:
            self._session.refresh_token(
                f"{self._url}/v2/oauth/token/",
                refresh_token=row["refresh_token"],
                client_key=CLIENT_KEY,
                client_secret=CLIENT_SECRET,
                timeout=_TIMEOUT,
            )
        except OAuthError as error:
            if error.error == "invalid_grant":
                self.rows.disconnect(row["open_id"], row["refresh_token"])
            return False
        except requests.RequestException:
            return False
        return True

    def call(self, open_id: str) -> str:
        """Read a profile; what came of it."""
        row = self.rows.get(open_id)
        if not row["connected"]:
            return "login"
        if row["expires_at"] <= self.now():
            if not self.refresh(row):
                return "later"
            row = self.rows.get(open_id)
        self._session.token = {"access_token": row["access_token"], "token_type": "Bearer"}
        url = f"{self._url}/v2/user/info/?fields=open_id"
        try:
            answer = self._session.get(url, timeout=_TIMEOUT).json()
        except requests.RequestException:
            return "later"
        if answer["error"]["code"] != "ok":
            return "later"
        return "served" if answer["data"]["user"]["open_id"] == open_id else "wrong"

    def _save(self, token: dict[str, Any], refresh_token: str) -> None:
        self.rows.replace(refresh_token, token, self.now() + token["expires_in"])


class _MarkingAdapter(HTTPAdapter):
    """Requests' own way out, which notes how far each refresh got."""

    def __init__(self, marks: Marks, *, max_retries: Retry) -> None:
        super().__init__(max_retries=max_retries)
        self._marks = marks

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - requests' own
        if request.method != "POST":
            return super().send(request, *args, **kwargs)
        sent = self._marks.sent(str(request.body).encode())
        try:
            response = super().send(request, *args, **kwargs)
        except BaseException:
            self._marks.failed(sent)
            raise
        self._marks.answered(sent, response.content)
        return response
