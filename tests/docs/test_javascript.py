"""JavaScript on our pages does what is said: it is run by Node, against the service's own code."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from tests.docs.pages import DOCS, blocks
from tests.foreign.node import find_node
from tests.service.site import served
from tests.support.vault import tokens_of
from tiktok_oauth import Sandbox
from tiktok_oauth.service.webhooks.relay import sign
from tiktok_oauth.types import Secret

if TYPE_CHECKING:
    from pathlib import Path

    from tiktok_oauth.service.office import Office

pytestmark = pytest.mark.slow
"""Starts programs and a server."""

SECRET = "a secret that the service and its receiver share"


def shown(page: str) -> str:
    """The one piece of JavaScript on a page."""
    (block,) = [one for one in blocks(DOCS / "how-to" / page) if one.language == "javascript"]
    return block.text


def run(program: str, kind: str, **settings: str) -> str:
    """Run it, as a module or as a script; what it prints."""
    done = subprocess.run(  # noqa: S603 - our own pages
        [find_node().node, f"--input-type={kind}", "--eval", program],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


async def furnish(office: Office, sandbox: Sandbox) -> tuple[str, str]:
    """An account, and a key that may have its token."""
    account = await office.vault.adopt(tokens_of(sandbox.grant("mina")))
    made = await office.registry.create_key("site", "token")
    return account.open_id, made.secret.reveal()


def test_a_site_gets_a_token_from_the_service(tmp_path: Path) -> None:
    """By the answer's key that the page names."""
    with Sandbox(seed=1) as sandbox, served(sandbox, tmp_path) as office:
        open_id, key = asyncio.run(furnish(office, sandbox))
        here = shown("migrate-from-auth-js.md").replace(
            "http://127.0.0.1:8000", office.settings.public_url
        )
        program = f"const openId = {json.dumps(open_id)};\n{here}\nconsole.log(token.slice(0, 4));"
        said = run(program, "module", TOKEN_SERVICE_KEY=key)

    assert said == "act."


@pytest.mark.parametrize(
    ("body", "age", "answer"),
    [(b'{"event":1}', 0, "true"), (b'{"event":2}', 0, "false"), (b'{"event":1}', 400, "false")],
    ids=["ours", "changed", "old"],
)
def test_a_relayed_webhook_is_known_in_javascript(body: bytes, age: int, answer: str) -> None:
    """As the service signs it; a changed body and an old one are refused."""
    headers = sign(Secret(SECRET), "msg_1", int(time.time()) - age, b'{"event":1}')
    arguments = ", ".join(json.dumps(value) for value in (SECRET, headers, body.decode()))

    assert run(f"{shown('verify-webhooks.md')}\nconsole.log(isOurs({arguments}));", "commonjs") == (
        answer
    )
