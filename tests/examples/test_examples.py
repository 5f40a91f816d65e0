"""Every example runs, as it stands, against the sandbox."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.examples.stage import EXAMPLES, Stage
from tests.foreign.node import find_node
from tests.service.processes.running import Running, running, until
from tests.support.postgres import postgres_server
from tiktok_oauth import Sandbox
from tiktok_oauth.sandbox.catalog import App

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow
"""Starts programs and servers."""

LONGEST = 120
PROGRAMS = sorted(path for path in EXAMPLES.iterdir() if path.suffix in {".mjs", ".py", ".sh"})


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A sandbox whose people are asked nothing, and an empty home."""
    with Sandbox(seed=1) as tiktok:
        tiktok.turn(auto_approve=True)
        yield Stage.set_up(tiktok, tmp_path)


def test_somebody_connects_on_their_desktop(stage: Stage) -> None:
    """The browser comes back to a port of this machine, and the tokens are kept."""
    browser = f"{sys.executable} {Path(__file__).with_name('browser.py')} %s &"

    said = stage.run("desktop_login.py", BROWSER=browser)

    assert "Connected -000" in said
    assert "Hello, Mina Okafor" in said
    with stage.vault() as vault:
        assert [account.status for account in vault.accounts()] == ["active"]


def test_videos_are_listed(stage: Stage) -> None:
    """Of those who allowed it; who did not is named."""
    mina = stage.connect("mina", "user.info.basic", "video.list")
    ha = stage.connect("ha", "user.info.basic")

    said = stage.run("videos.py")

    assert re.search(rf"^{re.escape(mina)}\n(  .+\n){{3}}", said, re.MULTILINE)
    assert f"{ha}: may not see videos" in said


def test_a_person_who_left_is_passed_over(stage: Stage) -> None:
    """With the reason, and without an error."""
    mina = stage.connect("mina", "user.info.basic", "video.list")
    stage.tiktok.disconnect("mina")

    assert f"{mina}: has to connect again (revoked)" in stage.run("videos.py")


def test_many_names_come_at_once(stage: Stage) -> None:
    """All of them, though each token had ended."""
    for person in ("mina", "jonas", "ayse", "ha"):
        stage.connect(person)
    stage.tiktok.advance(3 * 3600)

    assert "4 of 4 names in" in stage.run("many_at_once.py")
    assert len(stage.tiktok.requests(endpoint="refresh")) == 4


def test_every_error_is_told(stage: Stage) -> None:
    """All eight codes, each with its advice."""
    said = stage.run("every_error.py")

    codes = set(re.findall(r"^  ([A-Z_]{8,}), answer", said, re.MULTILINE))
    assert len(codes) == 8
    assert "its answer was lost on the way" in said


@pytest.mark.parametrize("size", [40_000, 12_000_000], ids=["one chunk", "several chunks"])
def test_a_draft_is_uploaded(stage: Stage, size: int) -> None:
    """It is in the person's inbox at the end."""
    mina = stage.connect("mina", "user.info.basic", "video.upload")
    (stage.home / "video.mp4").write_bytes(b"\0" * size)

    said = stage.run("upload_draft.py", mina, "video.mp4")

    assert "SEND_TO_USER_INBOX" in said


def test_webhooks_are_received(stage: Stage) -> None:
    """Who disconnects at TikTok is known here a moment later; a forgery changes nothing."""
    mina = stage.connect("mina")
    with stage.start("webhook_receiver.py", "0") as program:
        assert program.stdout is not None
        address = program.stdout.readline().split()[-1]
        app = App(stage.tiktok.client_key, stage.tiktok.client_secret, webhook_url=address)
        stage.tiktok.add_app(app)
        stage.tiktok.fault("webhook_forged", count=1)
        stage.tiktok.disconnect("mina")
        said = {program.stdout.readline().split(":")[0].strip() for _ in range(2)}
        program.terminate()
        program.communicate(timeout=30)

    assert said == {"Refused", f"authorization.removed {mina} changed"}
    with stage.vault() as vault:
        assert vault.account(mina).status == "needs_login"


def test_a_television_logs_somebody_in(stage: Stage) -> None:
    """The code is shown, scanned and allowed."""
    with stage.start("qr_on_a_tv.py") as program:
        assert program.stdout is not None
        link = program.stdout.readline().split()[-1]
        stage.tiktok.scan_qr(link)
        stage.tiktok.confirm_qr(link, person="jonas")
        said, _ = program.communicate(timeout=30)

    assert "Welcome, Jonas Lindqvist" in said


def test_a_fleet_shares_a_postgresql(tmp_path: Path) -> None:
    """Workers get profiles while another process refreshes; each account once."""
    with postgres_server() as server, Sandbox(seed=1) as tiktok:
        stage = Stage.set_up(tiktok, tmp_path, server.new_database())
        people = ("mina", "jonas", "ayse", "ha")
        for person in people:
            stage.connect(person)
        tiktok.advance(3 * 3600)

        said = stage.run("fleet.py", "2", "2")

    assert len(re.findall(r"worker \d: 8 profiles", said)) == 2
    assert "0 refused" in said


def test_the_test_suite_passes(stage: Stage) -> None:
    """With the fixtures that come with the package."""
    said = stage.run(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "test_login.py")

    assert "6 passed" in said


def test_javascript_logs_somebody_in(stage: Stage) -> None:
    """Without any library, as TikTok wants it."""
    said = stage.run(find_node().node, "client.mjs")

    assert said.splitlines() == [
        "Hello, Mina Okafor",
        "A new refresh token: true",
        "The old one is dead: invalid_grant",
        "Disconnected.",
    ]


def statuses(service: Running) -> list[str]:
    """How the accounts of a service are."""
    answer = service.api("GET", "/accounts").json()
    return sorted(account["status"] for account in answer["accounts"])


def test_javascript_gets_tokens_from_the_service(stage: Stage) -> None:
    """Fresh ones, though the first have ended; who has left TikTok gets a link to come back by."""
    with running(stage.home, stage.tiktok) as service:
        receiver = f"{service.url}/webhooks/tiktok"
        app = App(stage.tiktok.client_key, stage.tiktok.client_secret, webhook_url=receiver)
        stage.tiktok.add_app(app)
        for person in ("mina", "ayse", "jonas"):
            service.connect(person)
        stage.tiktok.disconnect("jonas")
        until(lambda: statuses(service) == ["active", "active", "needs_login"])
        stage.tiktok.advance(3 * 3600)
        until(lambda: statuses(service) == ["needs_login", "refresh_due", "refresh_due"])
        told = {"TOKEN_SERVICE_URL": service.url, "TOKEN_SERVICE_KEY": service.key}
        said = stage.run(find_node().node, "token_service.mjs", **told)

    assert {"Hello, Mina Okafor", "Hello, Ayşe Yıldız"} <= set(said.splitlines())
    assert re.search(rf"^-000\S+: .* log in again: {service.url}/\S+$", said, re.MULTILINE)
    assert re.search(rf"^To connect user-42, open {service.url}/\S+$", said, re.MULTILINE)


def test_a_shell_script_has_fresh_tokens(stage: Stage) -> None:
    """Though the first ones have ended."""
    if shutil.which("curl") is None:
        missing = "needs the package curl"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)  # The script's only tool, which some machines lack; CI installs it.
    stage.connect("mina")
    stage.connect("ayse")
    stage.tiktok.advance(3 * 3600)

    said = stage.run("nightly.sh")

    assert {"Mina Okafor", "Ayşe Yıldız"} == {
        json.loads(line)["data"]["user"]["display_name"] for line in said.splitlines()
    }


def cells() -> list[str]:
    """The notebook's code, cell by cell."""
    notebook = json.loads((EXAMPLES / "notebook.ipynb").read_text("utf-8"))
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]


def test_the_notebook_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """From its first cell to its last."""
    names: dict[str, object] = {}
    for cell in cells():
        exec(cell, names)  # noqa: S102 - our own notebook

    said = capsys.readouterr().out
    assert "Ayşe Yıldız 9120" in said
    assert "TOKEN_EXPIRED refresh" in said
    assert "INVALID_TOKEN" in said


def test_the_notebook_keeps_no_output() -> None:
    """Whoever opens it sees their own run, and nobody's tokens."""
    notebook = json.loads((EXAMPLES / "notebook.ipynb").read_text("utf-8"))

    assert [cell for cell in notebook["cells"] if cell.get("outputs")] == []
    assert sum(cell.count("\n") + 1 for cell in cells()) < LONGEST


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.name)
def test_an_example_is_short_and_listed(path: Path) -> None:
    """Fewer than 120 lines, and a line in the README that says what it shows."""
    assert path.read_text("utf-8").count("\n") < LONGEST
    assert f"| `{path.name}` |" in (EXAMPLES / "README.md").read_text("utf-8")


def test_the_readme_lists_nothing_else() -> None:
    """And there are at least twelve."""
    listed = re.findall(
        r"^\| `([\w.]+)` \|", (EXAMPLES / "README.md").read_text("utf-8"), re.MULTILINE
    )

    assert {(EXAMPLES / name).is_file() for name in listed} == {True}
    assert len(listed) >= 12
