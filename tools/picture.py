"""Photograph the dashboard of a real service at work, for the README: ``make picture``.

A sandbox plays TikTok with tokens that live for a day, hundreds of accounts are imported, and for
some minutes somebody asks for profiles while a few requests fail. Nothing in it is drawn by hand.
"""

from __future__ import annotations

import json
import math
import random
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.request import Request, urlopen

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))  # It borrows from the browser tests, whatever it is started by.

from tests.browser.service import running_service  # noqa: E402 - the line above comes first
from tests.support.browser import chromium  # noqa: E402 - as above

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.service import Service

HOURS, AN_HOUR = 24, 3600
SECONDS = 300
DICE = random.Random(20261122)  # noqa: S311 - the same picture each time


def main() -> None:
    """Make both pictures."""
    with (
        tempfile.TemporaryDirectory() as directory,
        running_service(Path(directory)) as service,
        chromium() as browser,
    ):
        page = browser.new_page(viewport={"width": 1280, "height": 1560}, device_scale_factor=1.5)
        page.goto(service.link)
        open_ids = fill(service, Path(directory))
        work(service, new_key(page, service), open_ids)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.goto(f"{service.url}/dashboard")
            page.locator("svg.strip").wait_for(timeout=30_000)
            page.wait_for_timeout(2_500)
            page.screenshot(path=ROOT / "docs" / "_static" / f"dashboard-{scheme}.png")


def fill(service: Service, directory: Path) -> list[str]:
    """Connect people at all hours of a day, and import their tokens."""
    sandbox = service.sandbox
    sandbox.turn(access_ttl=HOURS * AN_HOUR)
    records = []
    for hour in range(HOURS):
        # More people connect by day than by night.
        count = round(14 + 10 * math.sin((hour - 6) / 24 * math.tau)) + DICE.randrange(6)
        now = sandbox.now()
        records += [
            {
                "open_id": tokens.open_id,
                "access_token": tokens.access_token,
                "refresh_token": tokens.refresh_token,
                "expires_at": now + tokens.expires_in,
                "refresh_expires_at": now + tokens.refresh_expires_in,
                "scope": tokens.scope,
            }
            for tokens in sandbox.populate(count, ["user.info.basic", "user.info.stats"])
        ]
        sandbox.advance(AN_HOUR + DICE.randrange(-900, 900))
    dump = directory / "tokens.jsonl"
    dump.write_text("\n".join(map(json.dumps, records)), "utf-8")
    run(directory, service, "import", str(dump))
    return [str(record["open_id"]) for record in records]


def run(directory: Path, service: Service, *arguments: str) -> None:
    """Run a command on the service's store."""
    command = [
        sys.executable,
        "-m",
        "tiktok_oauth",
        *arguments,
        f"--database=sqlite:///{directory}/STATE/tiktok-oauth/tokens.db",
        f"--keys={directory}/CONFIG/tiktok-oauth/keys.json",
        f"--client-key={service.sandbox.client_key}",
    ]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def new_key(page: Page, service: Service) -> str:
    """An API key, made on its page."""
    page.goto(f"{service.url}/keys")
    page.get_by_label("Name").fill("Nightly report")
    page.get_by_role("button", name="Create key").click()
    return page.locator("#secret").inner_text()


def work(service: Service, key: str, open_ids: list[str]) -> None:
    """Ask for profiles, sometimes more and sometimes fewer, while a few requests fail."""
    sandbox = service.sandbox
    sandbox.fault("slow", endpoint="user_info", probability=0.05, seconds=0.2)
    sandbox.fault("server_error", endpoint="user_info", probability=0.05)
    sandbox.fault("rate_limited", endpoint="user_info", probability=0.02)
    sandbox.fault("revoked_elsewhere", endpoint="user_info", probability=0.001)

    def ask(open_id: str) -> None:
        request = Request(  # noqa: S310 - our own service
            f"{service.url}/api/v1/accounts/{open_id}/user",
            headers={"Authorization": f"Bearer {key}"},
        )
        with suppress(HTTPError), urlopen(request) as answer:  # noqa: S310 - as above
            answer.read()

    with ThreadPoolExecutor(16) as people:
        for second in range(SECONDS):
            # TikTok allows ten a second, retries included.
            wanted = 5 + 2 * math.sin(second / 40) + math.sin(second / 7) + DICE.random()
            for _ in range(round(wanted)):
                people.submit(ask, DICE.choice(open_ids))
            time.sleep(1)


if __name__ == "__main__":
    main()
