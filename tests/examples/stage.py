"""An example on its stage: a sandbox, an empty home, and a vault that is filled already."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tiktok_oauth import KeyRing, Sandbox, TikTokOAuth, TokenVault

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = Path(__file__).parents[2] / "examples"
REDIRECT = "http://127.0.0.1:8000/callback"


@dataclass(frozen=True)
class Stage:
    """Where an example plays.

    Attributes:
        tiktok: the sandbox.
        home: the folder it is started in.
        settings: its environment.
    """

    tiktok: Sandbox
    home: Path
    settings: dict[str, str] = field(repr=False)

    @classmethod
    def set_up(cls, tiktok: Sandbox, home: Path, database: str | None = None) -> Stage:
        """Make an environment like the one the examples' README exports."""
        settings = {
            "HOME": str(home),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONWARNINGS": "error",
            "TIKTOK_AUTHORIZE_URL": tiktok.authorize_url,
            "TIKTOK_BASE_URL": tiktok.base_url,
            "TIKTOK_CLIENT_KEY": tiktok.client_key,
            "TIKTOK_CLIENT_SECRET": tiktok.client_secret,
            "TIKTOK_OAUTH_DATABASE_URL": database or f"sqlite:///{home}/tokens.db",
            "TIKTOK_OAUTH_KEYS": str(home / "keys.json"),
            "TIKTOK_REDIRECT_URI": REDIRECT,
        }
        KeyRing.generate("test").save(home / "keys.json")
        return cls(tiktok, home, settings)

    @contextmanager
    def vault(self) -> Iterator[TokenVault]:
        """The vault that the example opens, too."""
        with (
            TikTokOAuth(
                self.tiktok.client_key,
                self.tiktok.client_secret,
                REDIRECT,
                base_url=self.tiktok.base_url,
                authorize_url=self.tiktok.authorize_url,
            ) as client,
            TokenVault(
                client,
                store=self.settings["TIKTOK_OAUTH_DATABASE_URL"],
                keys=KeyRing.from_file(self.home / "keys.json"),
                journal=self.home / "answers",
            ) as vault,
        ):
            yield vault

    def connect(self, person: str, *scopes: str) -> str:
        """Connect somebody before the example begins; returns their open_id."""
        with self.vault() as vault:
            start = vault.begin_login(list(scopes) or None, user_id=person)
            query = self.tiktok.authorize(start.url, person=person).partition("?")[2]
            return vault.finish_login(query, start.binding).account.open_id

    def start(self, *command: str | Path, **more: str) -> subprocess.Popen[str]:
        """Start a program of the examples, by its file or after its interpreter."""
        words = [str(word) for word in command]
        if words[0].endswith(".py"):
            words.insert(0, sys.executable)
        there = {path.name for path in EXAMPLES.iterdir()}
        words = [str(EXAMPLES / word) if word in there else word for word in words]
        options: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(  # noqa: S603 - our own examples
            words, cwd=self.home, env={**self.settings, **more}, text=True, **options
        )

    def run(self, *command: str | Path, **more: str) -> str:
        """Run a program to its end; returns what it printed."""
        with self.start(*command, **more) as program:
            try:
                said, complained = program.communicate(timeout=120)
            finally:
                # One that hangs is waited for at the block's end, for ever.
                program.kill()
        assert program.returncode == 0, said + complained
        return said
