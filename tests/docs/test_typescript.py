"""What our page shows of a TypeScript service is run beside what it shows of ours."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.docs.pages import DOCS, blocks
from tests.docs.test_javascript import run
from tiktok_oauth import Sandbox, TikTokOAuth, TikTokTokens

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiktok_oauth.sandbox.ledger import Entry

pytestmark = pytest.mark.slow
"""Starts programs and a server."""

PAGE = DOCS / "how-to" / "migrate-from-typescript.md"
SERVICE = Path(__file__).with_name("service.ts").read_text("utf-8")
REDIRECT = "https://app.example.com/callback"
LEAVE, EXCHANGE, REFRESH, USER, REVOKE = (
    block.text for block in blocks(PAGE) if block.language == "typescript"
)
RETURN = f"""
const code = process.env.CODE;
{EXCHANGE}
const refreshToken = tokens.refresh_token;
{REFRESH}
const accessToken = renewed.access_token;
{USER}{REVOKE}
console.log(JSON.stringify([Object.keys(tokens), Object.keys(renewed), user]));
"""


@pytest.fixture
def tiktok() -> Iterator[Sandbox]:
    """A TikTok that both services use."""
    with Sandbox() as running:
        yield running


def ask(tiktok: Sandbox, program: str, **more: str) -> list[str]:
    """Run a program with the service; the lines it prints."""
    said = run(
        SERVICE + program,
        "module-typescript",
        TIKTOK_AUTHORIZE_URL=tiktok.authorize_url,
        TIKTOK_BASE_URL=tiktok.base_url,
        TIKTOK_CLIENT_KEY=tiktok.client_key,
        TIKTOK_CLIENT_SECRET=tiktok.client_secret,
        TIKTOK_REDIRECT_URI=REDIRECT,
        **more,
    )
    return said.splitlines()


def consent(tiktok: Sandbox, url: str) -> str:
    """Say yes; returns the code."""
    return parse_qs(urlsplit(tiktok.authorize(url)).query)["code"][0]


def calls(entries: list[Entry]) -> list[tuple[str, str, str]]:
    """What TikTok was asked, and what it said."""
    return [(entry.method, entry.path, entry.outcome) for entry in entries]


def login_in_python(tiktok: Sandbox) -> tuple[str, ...]:
    """The same five calls, by our client; returns the person."""
    app = (tiktok.client_key, tiktok.client_secret, REDIRECT)
    client = TikTokOAuth(*app, base_url=tiktok.base_url, authorize_url=tiktok.authorize_url)
    start = client.get_authorization_url(["user.info.basic"])
    tokens = client.exchange_code_for_tokens(consent(tiktok, start.url))
    renewed = client.refresh_access_token(tokens.refresh_token)
    user = client.get_user_info(renewed.access_token)
    client.revoke_access(renewed.access_token)
    return user.open_id, str(user.display_name)


def test_both_make_the_same_requests(tiktok: Sandbox) -> None:
    """Five methods each, four requests, and TikTok takes them all."""
    url, state = ask(tiktok, f"{LEAVE}\nconsole.log(url);\nconsole.log(state);")
    ((exchanged, renewed, person),) = map(
        json.loads, ask(tiktok, RETURN, CODE=consent(tiktok, url))
    )
    theirs = tiktok.requests()

    assert (person["open_id"], person["display_name"]) == login_in_python(tiktok)
    ours = tiktok.requests(after=theirs[-1].number)
    assert calls(theirs) == calls(ours)
    assert {outcome for _, _, outcome in calls(ours)} == {"ok"}
    assert set(exchanged) == set(renewed) == {field.name for field in fields(TikTokTokens)}
    assert re.fullmatch(r"[0-9a-f]{64}", state)


def test_each_method_has_a_row() -> None:
    """The page's table names those of the service, and of the client."""
    rows = re.findall(r"^\| `(\w+)` \| `(\w+)` \|", PAGE.read_text("utf-8"), re.MULTILINE)

    assert len(rows) == len([LEAVE, EXCHANGE, REFRESH, USER, REVOKE])
    for theirs, ours in rows:
        assert f"async {theirs}(" in SERVICE
        assert hasattr(TikTokOAuth, ours)
