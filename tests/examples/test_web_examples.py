"""The websites among the examples and on the how-to pages, run as their readers run them."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as NotListeningError
from rq import Queue

from tests.examples.website import (
    EXAMPLES,
    Person,
    code_of,
    free_port,
    running,
    surroundings,
)
from tests.service.processes.running import until
from tests.support.vault import tokens_of
from tiktok_oauth import Sandbox, TikTokOAuth, TokenVault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow
"""Starts servers."""

UVICORN = [sys.executable, "-m", "uvicorn", "main:app", "--port"]
FLASK = [sys.executable, "-m", "flask", "--app", "main", "run", "--port"]
DJANGO = [sys.executable, "main.py", "runserver", "--noreload"]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """A running sandbox."""
    with Sandbox(seed=1) as running_sandbox:
        yield running_sandbox


def example(name: str) -> str:
    """An example's source."""
    return (EXAMPLES / name).read_text("utf-8")


@pytest.mark.parametrize(
    ("source", "command"),
    [
        (example("fastapi_app.py"), UVICORN),
        (example("flask_app.py"), FLASK),
        (example("django_app.py"), DJANGO),
        (code_of("fastapi.md")["main.py"], UVICORN),
        (code_of("flask.md")["main.py"], FLASK),
        (code_of("flask.md")["main.py"] + code_of("flask.md")["beside Flask-WTF"], FLASK),
    ],
    ids=["fastapi_app.py", "flask_app.py", "django_app.py", "fastapi.md", "flask.md", "flask-wtf"],
)
def test_a_website_connects_and_disconnects(
    source: str, command: list[str], sandbox: Sandbox, tmp_path: Path
) -> None:
    """In a process of its own; after the other button its tokens are dead."""
    (tmp_path / "main.py").write_text(source, "utf-8")
    port = free_port()
    settings = surroundings(sandbox, tmp_path, port)
    if command is DJANGO:
        migrate = [sys.executable, "main.py", "migrate", "--verbosity=0"]
        subprocess.run(migrate, cwd=tmp_path, env=settings, check=True)  # noqa: S603 - ours
    person = Person(sandbox, port)
    with running([*command, str(port)], tmp_path, settings) as process:
        person.wait(process)
        page = person.connect()
        answer = person.press(page)
        after = person.open("/")[1]

    assert "Hello, Mina Okafor" in page
    assert answer[0] == 303
    assert "Connect TikTok" in after
    assert sandbox.requests(endpoint="revoke")[-1].outcome == "ok"


def test_the_api_of_the_fastapi_example(sandbox: Sandbox, tmp_path: Path) -> None:
    """Its documentation names the session, and its answers need one."""
    shutil.copy(EXAMPLES / "fastapi_app.py", tmp_path / "main.py")
    port = free_port()
    person = Person(sandbox, port)
    settings = surroundings(sandbox, tmp_path, port)
    with running([*UVICORN, str(port)], tmp_path, settings) as process:
        person.wait(process)
        nobody = person.open("/api/me")
        person.connect()
        somebody = person.open("/api/me")
        document = person.open("/openapi.json")

    assert nobody[0] == 401
    assert json.loads(somebody[1])["name"] == "Mina Okafor"
    assert "TikTok session" in document[1]


def test_the_django_page_makes_a_project(sandbox: Sandbox, tmp_path: Path) -> None:
    """``startproject``, what the page adds to its files, the check, the tables, and a login."""
    port = free_port()
    settings = surroundings(sandbox, tmp_path, port)

    def manage(*words: str) -> str:
        done = subprocess.run(  # noqa: S603 - ours
            [sys.executable, *words],
            cwd=tmp_path,
            env=settings,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    manage("-m", "django", "startproject", "mysite", ".")
    for name, text in code_of("django.md").items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text((path.read_text("utf-8") if path.exists() else "") + "\n" + text, "utf-8")
    assert "no issues" in manage("manage.py", "check")
    manage("manage.py", "migrate", "--verbosity=0")
    person = Person(sandbox, port)
    serve = [sys.executable, "manage.py", "runserver", "--noreload", str(port)]
    with running(serve, tmp_path, settings) as process:
        person.wait(process)
        page = person.connect()

    assert "Hello, Mina Okafor" in page
    assert re.fullmatch(r"(\S+)\t\1\tactive\n", manage("manage.py", "tiktok_accounts"))


def test_the_refresher_of_a_project_stops_when_it_is_told(sandbox: Sandbox, tmp_path: Path) -> None:
    """As a system stops it; what is under way is finished."""
    settings = surroundings(sandbox, tmp_path, free_port())
    command = [sys.executable, str(EXAMPLES / "django_app.py"), "tiktok_refresher"]
    output = tmp_path / "output.txt"
    with running(command, tmp_path, settings) as process:
        while "Refreshing" not in output.read_text() and process.poll() is None:
            pass

    assert process.returncode == 0, output.read_text()


@pytest.fixture
def place(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A folder with a vault, in which two accounts are connected."""
    settings = surroundings(sandbox, tmp_path, free_port())
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    with TikTokOAuth() as client, TokenVault(client) as vault:
        open_ids = [vault.adopt(tokens_of(sandbox.grant(who))).open_id for who in ("mina", "ha")]
    return Place(tmp_path, open_ids)


@dataclass
class Place:
    """Where programs run."""

    folder: Path
    open_ids: list[str]

    def run(self, *command: str) -> list[str]:
        """Run a Python program to its end, and return the lines it printed."""
        done = subprocess.run(  # noqa: S603 - ours
            [sys.executable, *command],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.splitlines()

    def copy(self, page: str) -> None:
        """Make the files that a page shows."""
        for name, text in code_of(page).items():
            (self.folder / name).write_text(text, "utf-8")


def test_a_background_worker_survives_its_forks(sandbox: Sandbox, place: Place) -> None:
    """The parent has used its vault; each token is refreshed once among all children."""
    sandbox.advance(7300)
    before = len(sandbox.requests(endpoint="refresh"))

    lines = place.run(str(EXAMPLES / "background_worker.py"), "4")

    assert sorted(line.split("\t")[1] for line in lines) == ["Mina Okafor", "Đặng Thu Hà"]
    assert len(sandbox.requests(endpoint="refresh")) - before == 2


def test_the_forks_of_the_jobs_page_refresh_once(sandbox: Sandbox, place: Place) -> None:
    """Eight jobs in four children want two tokens that have ended."""
    place.copy("background-jobs.md")
    sandbox.advance(7300)
    before = len(sandbox.requests(endpoint="refresh"))

    [line] = place.run("fork.py")
    again = place.run("-c", f"import jobs; print(jobs.greet({place.open_ids[0]!r}))")

    assert sorted(ast.literal_eval(line)) == ["Mina Okafor"] * 4 + ["Đặng Thu Hà"] * 4
    assert again == ["Mina Okafor"]
    assert len(sandbox.requests(endpoint="refresh")) - before == 2


@pytest.mark.parametrize("program", ["with_httpx.py", "with_aiohttp.py", "with_urllib.py"])
def test_other_clients_get_a_fresh_token(sandbox: Sandbox, place: Place, program: str) -> None:
    """Even where TikTok has ended the token before its time."""
    place.copy("other-http-clients.md")
    sandbox.fault("token_expired", endpoint="user_info", count=1)

    lines = place.run(program, place.open_ids[0], sandbox.base_url)

    outcomes = [entry.outcome for entry in sandbox.requests(endpoint="user_info")[-2:]]
    assert lines == ["Mina Okafor"]
    assert outcomes == ["access_token_invalid", "ok"]


CELERY = """
broker_url = "filesystem://"
broker_transport_options = {"data_folder_in": "queue", "data_folder_out": "queue"}
result_backend = "file://results"
"""
ASK = """
import sys, tasks
tasks.vault().account(sys.argv[1])
asked = [tasks.greet.delay(open_id) for open_id in sys.argv[1:] * 4]
print(sorted(job.get(timeout=60, interval=0.05) for job in asked))
"""


def test_celerys_forked_workers_refresh_once(sandbox: Sandbox, place: Place) -> None:
    """A prefork pool of four, over a broker of files: eight jobs want two ended tokens."""
    place.copy("background-jobs.md")
    (place.folder / "celeryconfig.py").write_text(CELERY, "utf-8")
    for name in ("queue", "results"):
        (place.folder / name).mkdir()
    sandbox.advance(7300)
    before = len(sandbox.requests(endpoint="refresh"))
    worker = [sys.executable, "-m", "celery", "-A", "tasks", "worker", "--pool=prefork", "-c4"]

    with running(worker, place.folder, dict(os.environ)):
        [line] = place.run("-c", ASK, *place.open_ids)

    assert ast.literal_eval(line) == ["Mina Okafor"] * 4 + ["Đặng Thu Hà"] * 4
    assert len(sandbox.requests(endpoint="refresh")) - before == 2


@pytest.fixture
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    """A Redis of the test's own, which keeps nothing on disk."""
    server = shutil.which("redis-server")
    if server is None:
        missing = "needs the package redis-server"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)  # A whole server, which most machines lack; CI installs it.
    port = free_port()
    command = [server, "--bind", "127.0.0.1", "--port", str(port), "--save", ""]
    with running(command, tmp_path_factory.mktemp("redis"), {}), Redis(port=port) as client:
        until(lambda: is_up(client))
        yield client


def is_up(client: Redis) -> bool:
    """Whether a Redis answers."""
    try:
        return bool(client.ping())
    except NotListeningError:
        return False


def test_rqs_worker_forks_for_each_job_and_refreshes_once(
    sandbox: Sandbox, place: Place, redis: Redis
) -> None:
    """Eight jobs, enqueued as the page shows, want two tokens that have ended."""
    place.copy("background-jobs.md")
    url = f"redis://127.0.0.1:{redis.connection_pool.connection_kwargs['port']}"
    enqueue = (place.folder / "enqueue.py").read_text("utf-8")
    shown = enqueue.replace("redis://127.0.0.1:6379", url).replace('"an open_id"', "sys.argv[1]")
    sandbox.advance(7300)
    before = len(sandbox.requests(endpoint="refresh"))

    for open_id in place.open_ids * 4:
        place.run("-c", f"import sys\n{shown}", open_id)
    place.run("-m", "rq.cli", "worker", "--burst", "--url", url)

    queue = Queue(connection=redis)
    done = [queue.fetch_job(name) for name in queue.finished_job_registry.get_job_ids()]
    names = [str(job.return_value()) for job in done if job is not None]
    assert sorted(names) == ["Mina Okafor"] * 4 + ["Đặng Thu Hà"] * 4
    assert len(sandbox.requests(endpoint="refresh")) - before == 2
