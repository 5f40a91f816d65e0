"""One site of each framework, so that each behaviour is told once."""

from __future__ import annotations

import asyncio
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.vault import Town, World, in_memory
from tests.web import django_site, fastapi_site, flask_site, starlette_site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.web.browser import Site

FRAMEWORKS = ("starlette", "fastapi", "flask", "django")
USERS: dict[str, dict[str, Any]] = {
    "starlette": {"user": starlette_site.user_of},
    "fastapi": {"user": starlette_site.user_of},
    "flask": {"user": flask_site.user_of},
    "django": {},
}


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings of whoever runs the tests are not ours."""
    for name in [name for name in os.environ if name.startswith("TIKTOK_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def _runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture
def open_site(_runner: asyncio.Runner) -> Iterator[Callable[..., Site]]:
    """Opens sites of a framework, by its name."""
    opened: list[Any] = []

    def make(name: str, **settings: Any) -> Site:  # noqa: ANN401 - as the framework takes them
        awaiting = name in {"starlette", "fastapi"}
        town = Town(World(_runner if awaiting else None), in_memory())
        opened.append(town)
        if name == "django":
            kept = contextmanager(django_site.open_site)(town, **settings)
            opened.append(kept)
            return kept.__enter__()
        module: Any = {"starlette": starlette_site, "fastapi": fastapi_site, "flask": flask_site}
        site: Site = module[name].open_site(town, **settings)
        return site

    yield make
    for thing in reversed(opened):
        thing.close() if isinstance(thing, Town) else thing.__exit__(None, None, None)


@pytest.fixture(params=FRAMEWORKS)
def site(request: pytest.FixtureRequest, open_site: Callable[..., Site]) -> Site:
    """A site of each framework."""
    return open_site(request.param)


@pytest.fixture(params=["starlette", "fastapi", "flask"])
def session_site(request: pytest.FixtureRequest, open_site: Callable[..., Site]) -> Site:
    """A site with users, of each framework whose session holds the account."""
    return open_site(request.param, **USERS[request.param])


@pytest.fixture(params=FRAMEWORKS)
def user_site(request: pytest.FixtureRequest, open_site: Callable[..., Site]) -> Site:
    """A site of each framework, with users of its own."""
    return open_site(request.param, **USERS[request.param])
