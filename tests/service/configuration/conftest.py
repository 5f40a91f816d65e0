"""What somebody wrote, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pytest

from tiktok_oauth.service.configuration.plan import Plan, make_plan

if TYPE_CHECKING:
    from pathlib import Path

GOOD = {
    "TIKTOK_CLIENT_KEY": "aw1234567890abcdef",
    "TIKTOK_CLIENT_SECRET": "kept-out-of-sight-0001",
    "TIKTOK_REDIRECT_URI": "http://127.0.0.1:8000/callback",
}


class Planned(Protocol):
    """Makes a plan of a file, variables and flags."""

    def __call__(
        self,
        toml: str = "",
        variables: dict[str, str] | None = None,
        *,
        mode: int = 0o600,
        **flags: object,
    ) -> Plan:
        """The plan."""
        ...


@pytest.fixture
def planned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Planned:
    """Plans, in a home directory of the test's own. Without variables an app is named."""
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)

    def make(
        toml: str = "",
        variables: dict[str, str] | None = None,
        *,
        mode: int = 0o600,
        **flags: object,
    ) -> Plan:
        file = None
        if toml:
            file = tmp_path / "service.toml"
            file.write_text(toml)
            file.chmod(mode)
        return make_plan(flags, GOOD if variables is None else variables, file)

    return make
