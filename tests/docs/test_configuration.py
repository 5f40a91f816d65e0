"""The reference of all settings says what the code does."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tiktok_oauth.service.configuration.catalog import APP_SETTINGS, SETTINGS, Setting
from tiktok_oauth.service.configuration.sources import unknown_keys

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "configuration.md"
LINES = PAGE.read_text("utf-8").splitlines()


def names(setting: Setting, name: str, suffix: str) -> str:
    """A setting's name, and that of the file which can hold it."""
    return f"`{name}`, `{name}{suffix}`" if setting.is_secret else f"`{name}`"


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.key)
def test_each_setting_has_its_line(setting: Setting) -> None:
    """Key, flag, variable, default and meaning are those of the code."""
    cells = (
        names(setting, setting.key, "_file"),
        f"`{setting.flag}`" if setting.flag else "",
        names(setting, setting.variable, "_FILE"),
        setting.default,
        setting.text,
    )

    assert f"| {' | '.join(cells)} |" in LINES


@pytest.mark.parametrize("setting", APP_SETTINGS, ids=lambda setting: setting.key)
def test_each_setting_of_an_app_has_its_line(setting: Setting) -> None:
    """Key, variable, default and meaning are those of the code."""
    cells = (
        names(setting, setting.key, "_file"),
        names(setting, setting.variable, "_FILE"),
        setting.default,
        setting.text,
    )

    assert f"| {' | '.join(cells)} |" in LINES


def test_the_example_has_no_unknown_key() -> None:
    """The whole file on the page can be used as it stands."""
    example = "\n".join(LINES).partition("```toml\n")[2].partition("```")[0]

    assert unknown_keys(tomllib.loads(example), "example") == []
