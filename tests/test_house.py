"""What holds for the whole tree: public names, parity, cheap imports, short files."""

from __future__ import annotations

import ast
import inspect
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import tiktok_oauth

SRC = Path(tiktok_oauth.__file__).parent
FILES = sorted(SRC.rglob("*.py"))
TEXTS = sorted(p for p in SRC.rglob("*") if p.suffix in {".py", ".html", ".css", ".js", ".md"})
ELSEWHERE = r"\bshared/|\b[Ii]ssue\s*#?\d|TODO|FIXME|/root/"

PUBLIC = [
    "AccessToken",
    "Account",
    "AccountState",
    "AsyncAccount",
    "AsyncTikTokOAuth",
    "AsyncTokenVault",
    "CallMetrics",
    "ErrorAction",
    "InvalidCredentialsError",
    "InvalidTokenError",
    "KeyRing",
    "LoginError",
    "LoginResult",
    "LoginStart",
    "MetricsSnapshot",
    "NetworkError",
    "Progress",
    "QrAuthorization",
    "QrStatus",
    "RateLimitError",
    "Refresher",
    "RequestTimeoutError",
    "ResealReport",
    "RetryPolicy",
    "Sandbox",
    "ScopeError",
    "ServerError",
    "Store",
    "StoreError",
    "TikTokAPIError",
    "TikTokAuthUrl",
    "TikTokClientToken",
    "TikTokErrorCode",
    "TikTokOAuth",
    "TikTokRefreshResponse",
    "TikTokTokens",
    "TikTokUserInfo",
    "TokenExpiredError",
    "TokenVault",
    "ValidationError",
    "VaultEvent",
    "VaultKeyError",
    "WebhookEvent",
    "configure_logging",
    "correlation_id",
    "tiktok_oauth",
]


def name_of(path: Path) -> str:
    """A file's place in the package."""
    return str(path.relative_to(SRC))


@cache
def trees() -> dict[str, ast.Module]:
    """What each file says, by its place."""
    return {name_of(path): ast.parse(path.read_text("utf-8")) for path in FILES}


def test_the_public_names_are_these() -> None:
    """A name is added or taken away on purpose only."""
    assert tiktok_oauth.__all__ == PUBLIC == sorted(PUBLIC)
    assert dir(tiktok_oauth) == PUBLIC


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_name_can_be_imported_and_tells_what_it_is(name: str) -> None:
    """Each has a docstring, and so has each of its public methods."""
    value = getattr(tiktok_oauth, name)
    members = vars(value) if inspect.isclass(value) else {}

    assert inspect.getdoc(value)
    for member, attribute in members.items():
        if inspect.isfunction(attribute) and not member.startswith("_"):
            assert inspect.getdoc(attribute), member


def test_an_unknown_name_is_an_attribute_error() -> None:
    """As with any module."""
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = tiktok_oauth.nothing


def public_methods(kind: type) -> dict[str, inspect.Signature]:
    """A client's methods by name, the constructor included."""
    return {
        name: inspect.signature(method)
        for name, method in vars(kind).items()
        if inspect.isfunction(method) and (name == "__init__" or not name.startswith("_"))
    }


def test_both_clients_have_the_same_methods() -> None:
    """Same names, parameters, defaults and values; ``aclose`` is the awaiting one's extra name."""
    blocking = public_methods(tiktok_oauth.TikTokOAuth)
    awaiting = public_methods(tiktok_oauth.AsyncTikTokOAuth)
    aclose = awaiting.pop("aclose")

    assert blocking.keys() == awaiting.keys()
    assert aclose == awaiting["close"]
    for name, signature in blocking.items():
        twin = awaiting[name]
        assert signature.return_annotation == twin.return_annotation, name
        assert [
            (p.name, p.kind, p.default, str(p.annotation).replace("Async", ""))
            for p in twin.parameters.values()
        ] == [
            (p.name, p.kind, p.default, str(p.annotation)) for p in signature.parameters.values()
        ], name


def test_every_call_of_the_awaiting_client_is_awaited() -> None:
    """But for the figures, which are at hand."""
    kind = tiktok_oauth.AsyncTikTokOAuth
    waits = {
        name for name in public_methods(kind) if inspect.iscoroutinefunction(getattr(kind, name))
    }

    assert public_methods(kind).keys() - waits == {"__init__", "metrics"}


FRAMEWORKS = {"django", "fastapi", "flask", "starlette"}
HEAVY = FRAMEWORKS | {
    *("aiohttp", "urllib3", "httptools", "asyncio", "msgspec"),
    *("email", "http", "ssl", "urllib.request"),
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("statement", "allowed"),
    [
        ("import tiktok_oauth", set()),
        ("from tiktok_oauth import tiktok_oauth, TikTokOAuth", {"msgspec"}),
        ("from tiktok_oauth import AsyncTikTokOAuth", {"msgspec"}),
    ],
)
def test_importing_costs_no_library_that_is_not_needed_yet(
    statement: str, allowed: set[str]
) -> None:
    """HTTP libraries and asyncio wait until a client makes its first attempt."""
    assert HEAVY & imported_by(statement) <= allowed


def imported_by(statement: str) -> set[str]:
    """The modules that a statement brings into a new interpreter."""
    script = (
        f"import sys; before = set(sys.modules); {statement}; print(*set(sys.modules) - before)"
    )
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": str(SRC.parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "allowed"),
    [
        ("web.stories", set()),
        ("web.starlette", {"starlette"}),
        ("web.fastapi", {"fastapi", "starlette"}),
        ("web.flask", {"flask"}),
        ("web.django.conf", {"django"}),
    ],
)
def test_a_framework_is_imported_where_it_is_used(module: str, allowed: set[str]) -> None:
    """By its own file, and by nothing else."""
    assert FRAMEWORKS & imported_by(f"import tiktok_oauth.{module}") == allowed


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "missing", "extra"),
    [
        ("web.starlette", "starlette", "fastapi"),
        ("web.fastapi", "fastapi", "fastapi"),
        ("web.flask", "flask", "flask"),
        ("transport.auth.httpx2", "httpx2", "httpx"),
        ("transport.auth.httpx", "httpx", ""),
    ],
)
def test_a_missing_extra_is_named(module: str, missing: str, extra: str) -> None:
    """With the command that installs it."""
    script = f"import sys; sys.modules[{missing!r}] = None; import tiktok_oauth.{module}"
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": str(SRC.parent)},
        capture_output=True,
        text=True,
        check=False,
    )

    wanted = f"pip install tiktok-oauth[{extra}]" if extra else "pip install httpx"
    assert wanted in done.stderr


def lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function's body, without its docstring."""
    body = function.body[bool(ast.get_docstring(function)) :]
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_files_are_short() -> None:
    """A file of more than 400 lines asks to be two."""
    long = [name_of(path) for path in FILES if path.read_text("utf-8").count("\n") > 400]

    assert long == []


@pytest.mark.slow
def test_functions_are_short() -> None:
    """A function of more than 40 lines asks to be two."""
    long = [
        (name, node.name)
        for name, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and lines_of(node) > 40
    ]

    assert long == []


@pytest.mark.slow
def test_nothing_depends_on_assertions() -> None:
    """``python -O`` drops them, so no check of ours is one."""
    found = [
        (name, node.lineno)
        for name, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Assert)
    ]

    assert found == []


@pytest.mark.slow
def test_the_source_stands_for_itself() -> None:
    """It points to public pages and to itself only."""
    found = {
        name_of(path): words
        for path in TEXTS
        if (words := re.findall(ELSEWHERE, path.read_text("utf-8")))
    }

    assert found == {}


def test_the_package_is_typed() -> None:
    """Type checkers read its annotations."""
    assert (SRC / "py.typed").is_file()
