"""What holds for the whole tree: public names, parity, cheap imports, short files."""

from __future__ import annotations

import ast
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import tiktok_oauth

SRC = Path(tiktok_oauth.__file__).parent
FILES = sorted(SRC.rglob("*.py"))
TEXTS = sorted(p for p in SRC.rglob("*") if p.suffix in {".py", ".html", ".css", ".js", ".md"})

PUBLIC = [
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


def name_of(path: object) -> str:
    """A file's place in the package, as a test's name."""
    return str(Path(str(path)).relative_to(SRC))


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


HEAVY = {"aiohttp", "urllib3", "asyncio", "msgspec", "email", "http", "ssl", "urllib.request"}


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

    assert HEAVY & set(done.stdout.split()) <= allowed


def lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function's body, without its docstring."""
    body = function.body[bool(ast.get_docstring(function)) :]
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_files_and_functions_are_short(path: Path) -> None:
    """A file of more than 400 lines, or a function of more than 40, asks to be two."""
    text = path.read_text("utf-8")
    functions = [
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]

    assert text.count("\n") <= 400
    assert [f.name for f in functions if lines_of(f) > 40] == []


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_nothing_depends_on_assertions(path: Path) -> None:
    """``python -O`` drops them, so no check of ours is one."""
    tree = ast.parse(path.read_text("utf-8"))

    assert [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Assert)] == []


@pytest.mark.parametrize("path", TEXTS, ids=name_of)
def test_the_source_stands_for_itself(path: Path) -> None:
    """It points to public pages and to itself only."""
    text = path.read_text("utf-8")

    assert re.findall(r"\bshared/|\b[Ii]ssue\s*#?\d|TODO|FIXME|/root/", text) == []


def test_the_package_is_typed() -> None:
    """Type checkers read its annotations."""
    assert (SRC / "py.typed").is_file()
