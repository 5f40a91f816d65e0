"""The reference of all settings says what the code does."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tiktok_oauth.service.configuration.catalog import APP_SETTINGS, SETTINGS, Setting
from tiktok_oauth.service.configuration.sources import unknown_keys

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "configuration.md"
LINES = PAGE.read_text("utf-8").splitlines()


def line(setting: Setting, *, flag: str | None = None) -> str:
    """A setting's line: its names, those of the files that can hold it, meaning and default."""
    names = [setting.key, flag, setting.variable]
    if setting.is_secret:
        names = [setting.key, f"{setting.key}_file", setting.variable, f"{setting.variable}_FILE"]
    default = f"<br>Default: {setting.default}" if setting.default else ""
    return f"| {'<br>'.join(f'`{name}`' for name in names if name)} | {setting.text}{default} |"


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.key)
def test_each_setting_has_its_line(setting: Setting) -> None:
    """Key, flag, variable, default and meaning are those of the code."""
    assert line(setting, flag=setting.flag) in LINES


@pytest.mark.parametrize("setting", APP_SETTINGS, ids=lambda setting: setting.key)
def test_each_setting_of_an_app_has_its_line(setting: Setting) -> None:
    """Key, variable, default and meaning are those of the code."""
    assert line(setting) in LINES


def test_the_example_has_no_unknown_key() -> None:
    """The whole file on the page can be used as it stands."""
    example = "\n".join(LINES).partition("```toml\n")[2].partition("```")[0]

    assert unknown_keys(tomllib.loads(example), "example") == []
