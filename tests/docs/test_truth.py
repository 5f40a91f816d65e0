"""What the pages name is what the code has: names, defaults, variables, options, tests."""

from __future__ import annotations

import builtins
import inspect
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import tiktok_oauth
from docs._ext.commands import every_command
from tests.docs.pages import DOCS, ROOT, name_of, pages
from tiktok_oauth import RetryPolicy, TikTokOAuth, TokenVault
from tiktok_oauth.errors import TikTokErrorCode
from tiktok_oauth.sandbox.api import ENDPOINTS
from tiktok_oauth.sandbox.faults import FAULTS
from tiktok_oauth.service.configuration import catalog
from tiktok_oauth.service.registry import sql as registry
from tiktok_oauth.vault.stores import sql

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGES = pages()
SOURCES = [
    path.read_text("utf-8") for path in sorted(Path(tiktok_oauth.__file__).parent.rglob("*.py"))
]
CODE = "\n".join(SOURCES)
TICKED = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")


def ticked(page: Path) -> list[str]:
    """What stands between backticks on a page."""
    fenced = re.compile(r"^ *(```|:::(?=\{(?!container))).*?^ *\1", re.DOTALL | re.MULTILINE)
    return TICKED.findall(fenced.sub("", page.read_text("utf-8")))


OF_THE_SERVICE = {
    variable + end
    for setting in (*catalog.SETTINGS, *catalog.APP_SETTINGS)
    for variable in [setting.variable or f"TIKTOK_OAUTH_{setting.key.upper()}"]
    for end in ("", *(["_FILE"] if setting.is_secret else []))
}
"""The variables of the service's settings, which have a page of their own."""

VARIABLE = re.compile(r"\b(?:TIKTOK|XDG)_[A-Z_]+\b")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_variables_are_read_somewhere(page: Path) -> None:
    """An environment variable on a page is one that the code or a test program reads."""
    for name in set(VARIABLE.findall(page.read_text("utf-8"))):
        assert name in CODE or name in OF_THE_SERVICE, name


def test_every_variable_is_explained() -> None:
    """And the other way round: what the code reads is on one of two pages."""
    pages = [DOCS / "reference" / name for name in ("environment.md", "configuration.md")]
    page = "\n".join(path.read_text("utf-8") for path in pages)
    read = set(re.findall(r'"((?:TIKTOK|XDG)_[A-Z_]+[A-Z])"', CODE)) | OF_THE_SERVICE

    assert {name for name in read if f"`{name}`" not in page} == set()


DEFAULT = re.compile(r"^\| `(\w+)`.*\| `([^`]+)` \|$", re.MULTILINE)


def test_defaults_of_the_environment_are_those_of_the_code() -> None:
    """Of the variables whose default is a value."""
    from tiktok_oauth import config  # noqa: PLC0415 - its constants are not public

    page = (DOCS / "reference" / "environment.md").read_text("utf-8")
    told = dict(DEFAULT.findall(page))

    assert told["TIKTOK_BASE_URL"] == config.DEFAULT_BASE_URL
    assert told["TIKTOK_AUTHORIZE_URL"] == config.DEFAULT_AUTHORIZE_URL
    assert told["TIKTOK_SCOPES"] == ",".join(config.DEFAULT_SCOPES)


def test_times_of_the_clients_are_those_of_the_code() -> None:
    """The page says 10 s, no deadline, and three attempts after 0, 100 and 200 ms."""
    page = (DOCS / "reference" / "api" / "clients.md").read_text("utf-8")
    settings = inspect.signature(TikTokOAuth).parameters
    policy = RetryPolicy()
    waits = [round(1000 * policy.base_delay * policy.factor**n) for n in range(policy.attempts - 1)]

    assert f"| `timeout` | {settings['timeout'].default:g} s |" in page
    assert settings["deadline"].default is None
    assert f"{policy.attempts} attempts after 0, {waits[0]} and {waits[1]} ms" in page


OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
FOREIGN = {
    "--accounts",  # tests.story
    "--csv",  # psql
    "--days",  # tests.story
    "--kills",  # tests.chaos
    "--max-tasks-per-child",  # celery
    "--pool",  # celery
    "--preload",  # gunicorn
    "--seed",  # tests.chaos
    "--store",  # tests.chaos
    "--tool",  # valgrind
    "--upgrade",  # pip
}


@cache
def options() -> set[str]:
    """Every option of every command of ours."""
    known = {"--help", "--version"}
    for _, command in every_command():
        for parameter in command.params:
            known |= {*parameter.opts, *parameter.secondary_opts}
    return known


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_options_in_the_text_are_some_commands(page: Path) -> None:
    """What is named in a sentence can be typed."""
    known = options() | FOREIGN
    named = {option for text in ticked(page) for option in OPTION.findall(text)}

    assert named <= known


CALL = re.compile(r"^(?:[a-z_]+\.)?([a-z_]+)\((?:[^()]|\(\))*\)$")
ELSEWHERE = {
    "aclose",
    "close",
    "exempt",
    "process_time",
    "register_error_handler",
    "send",
    "shutdown",
    "unwrap",
    "wrap",
}


@cache
def callables() -> set[str]:
    """Every name that is defined by ``def`` or ``class`` in the package, tests and examples."""
    texts = [*SOURCES, *(p.read_text("utf-8") for p in (ROOT / "tests").rglob("*.py"))]
    return set(re.findall(r"\b(?:def|class) (\w+)", "\n".join(texts)))


@pytest.mark.parametrize("page", [p for p in PAGES if "migrate" not in p.name], ids=name_of)
def test_calls_in_the_text_can_be_made(page: Path) -> None:
    """A call named in a sentence is one of ours, or of Python's."""
    known = callables() | ELSEWHERE | set(dir(builtins))
    for text in ticked(page):
        call = CALL.match(text)
        assert call is None or call[1] in known or hasattr(str, call[1]), text


def test_sandbox_addresses_are_the_routes() -> None:
    """Addresses below /v2 are endpoints of the sandbox, or written as being TikTok's alone."""
    known = {*ENDPOINTS, "/v2/auth/authorize/"}
    page = (DOCS / "reference" / "sandbox.md").read_text("utf-8")
    for path in re.findall(r"`(/v2/[^`]*)`", page):
        stem = path.removesuffix("...")
        assert any(endpoint.startswith(stem) for endpoint in known), path


def test_error_codes_of_other_pages_are_the_eight() -> None:
    """Words in capitals with an underscore that look like a code are one."""
    looks = re.compile(r"\b(?:[A-Z]+_(?:ERROR|LIMIT|CREDENTIALS|TOKEN|EXPIRED))\b")
    for page in PAGES:
        named = {text for text in ticked(page) if looks.fullmatch(text)}
        assert named <= {code.value for code in TikTokErrorCode}, page


@pytest.mark.parametrize("table", ["accounts", "claims"])
def test_columns_of_the_database_are_those_of_the_schema(table: str) -> None:
    """Each column that the page names is in the schema, and the other way round."""
    page = (DOCS / "reference" / "database.md").read_text("utf-8")
    made = next(s for step in sql.SCHEMA for s in step if f"CREATE TABLE {table} (" in s)
    columns = set(
        re.findall(r"^\s+(\w+) (?:TEXT|BIGINT|INTEGER|BYTEA|BLOB|\{)", made, re.MULTILINE)
    )
    told = page.split(f"## {table}\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (`.*?) \|", told, re.MULTILINE)

    assert columns
    assert columns == {name for row in rows for name in TICKED.findall(row)}


def test_every_table_is_on_the_page() -> None:
    """Those of the vault and those that the service adds to its database."""
    page = (DOCS / "reference" / "database.md").read_text("utf-8")
    schemas = "".join(s for step in (*sql.SCHEMA, *registry.SCHEMA) for s in step)
    made = re.findall(r"CREATE TABLE (?:IF NOT EXISTS )?(\w+)", schemas + sql.SETTINGS)

    assert {"accounts", "api_keys", "settings", "signin_attempts"} <= set(made)
    for table in made:
        assert f"| `{table}` |" in page or f"\n## {table}\n" in page, table


def named_tests() -> Iterator[tuple[str, str]]:
    """The tests and files of tests that pages name."""
    for page in PAGES:
        for text in ticked(page):
            if text.startswith("tests/"):
                path, _, test = text.partition("::")
                yield path, test


@pytest.mark.parametrize(("path", "test"), sorted(set(named_tests())))
def test_tests_that_are_named_exist(path: str, test: str) -> None:
    """Whoever is told that a test proves something can run it."""
    assert (ROOT / path).exists()
    if test:
        assert re.search(
            rf"^(?:async )?def {test}\(", (ROOT / path).read_text("utf-8"), re.MULTILINE
        )


def test_there_are_48_threats() -> None:
    """Each once, in order."""
    page = (DOCS / "explanation" / "security.md").read_text("utf-8")

    assert re.findall(r"^\| (T-\d\d) \|", page, re.MULTILINE) == [f"T-{n:02}" for n in range(1, 49)]


def test_the_readme_counts_the_faults() -> None:
    """As many as there are."""
    assert f"{len(FAULTS)} faults" in (ROOT / "README.md").read_text("utf-8")


def test_arguments_of_the_vault_are_those_of_the_page() -> None:
    """What keep-tokens.md says about the constructor can be passed."""
    page = (DOCS / "how-to" / "keep-tokens.md").read_text("utf-8")
    parameters = inspect.signature(TokenVault).parameters

    assert {"client", "store", "keys", "journal", "refreshed_by", "patience"} == set(parameters)
    assert "`store` is `sqlite:///tokens.db`" in page


def test_the_python_versions_are_those_of_the_package() -> None:
    """The README promises what the metadata says."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

    assert project["requires-python"] == ">=3.11"
    assert "Python 3.11" in (ROOT / "README.md").read_text("utf-8")
