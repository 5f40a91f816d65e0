"""The API against its own description: both ways by the table, and by a tool that reads it only."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from starlette.routing import Route

from tests.service.api.conftest import SCOPES
from tests.service.site import served
from tests.support.vault import tokens_of
from tiktok_oauth import Sandbox
from tiktok_oauth.service.api.openapi import description
from tiktok_oauth.service.api.operations import OPERATIONS
from tiktok_oauth.service.api.problems import OURS, TIKTOKS
from tiktok_oauth.service.api.routes import Endpoint, routes

if TYPE_CHECKING:
    from pathlib import Path

    from tests.service.api.conftest import Caller
    from tiktok_oauth.service.office import Office

CASES = int(os.environ.get("API_CASES", "500"))


@pytest.fixture
def described() -> dict[str, Any]:
    """The description."""
    found: dict[str, Any] = json.loads(description())
    return found


@pytest.mark.slow
def test_the_description_is_for_everybody(caller: Caller, described: dict[str, Any]) -> None:
    """It needs no key, and is OpenAPI 3.1."""
    answer = caller.get("/openapi.json", None)

    assert answer.json() == described
    assert described["openapi"] == "3.1.0"
    assert caller.call("POST", "/openapi.json", None).status_code == 405


async def test_every_route_is_described_and_every_description_has_one(
    office: Office, described: dict[str, Any]
) -> None:
    """With the same methods."""
    known = {
        (route.path.replace(":path", ""), method.lower())
        for route in routes(office)
        if isinstance(route, Route) and isinstance(route.app, Endpoint)
        for method in route.app.known
    }

    assert known == {(path, verb) for path, verbs in described["paths"].items() for verb in verbs}


def test_names_of_operations_and_problems_are_their_own() -> None:
    """Generated clients and programs tell them apart by these."""
    names = [operation.name for operation in OPERATIONS]
    slugs = [kind.slug for kind in (*OURS, *TIKTOKS)]

    assert len(names) == len(set(names))
    assert len(slugs) == len(set(slugs))


async def _furnish(office: Office, sandbox: Sandbox) -> str:
    """A key, and two accounts to find."""
    for person in ("mina", "jonas"):
        given = tokens_of(sandbox.grant(person, SCOPES))
        await office.vault.adopt(given, user_id=f"user-{person}")
    made = await office.registry.create_key("schemathesis", "admin")
    return made.secret.reveal()


@pytest.mark.slow
def test_schemathesis_finds_nothing(tmp_path: Path) -> None:
    """No 500, no answer that is not described, no wrong request that is taken, no key passed over.

    Requests of the right form may still be refused: the description cannot know who is connected.
    Streams do not end, so they have tests of their own.
    """
    with Sandbox(seed=1) as sandbox, served(sandbox, tmp_path, rate_limit=10**9) as office:
        key = asyncio.run(_furnish(office, sandbox))
        url = f"{office.settings.public_url}/api/v1/openapi.json"
        program = "from schemathesis.cli import schemathesis; schemathesis()"
        per_operation = CASES // (len(OPERATIONS) - 1) + 1
        options = [
            f"--header=Authorization: Bearer {key}",
            f"--max-examples={per_operation}",
            "--exclude-path=/api/v1/events",
            "--exclude-checks=positive_data_acceptance",
            "--seed=1",
        ]

        done = subprocess.run(  # noqa: S603 - our own arguments
            [sys.executable, "-c", program, "run", url, *options],
            capture_output=True,
            check=False,
            cwd=tmp_path,
            text=True,
            timeout=3_600,
        )

    assert done.returncode == 0, done.stdout[-8_000:]
    cases = re.search(r"([\d,]+) generated", done.stdout)
    assert cases is not None, done.stdout[-3_000:]
    assert int(cases[1].replace(",", "")) >= CASES
