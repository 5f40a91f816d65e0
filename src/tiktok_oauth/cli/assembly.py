"""The service put together: keys, socket, a sandbox beside it when wanted, and its processes."""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import tempfile
from contextlib import ExitStack, suppress
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tiktok_oauth.cli.hosting import explained, listen
from tiktok_oauth.cli.options import FAILED, make_state, telling_of_keys
from tiktok_oauth.cli.sandbox import DEFAULT_PORT
from tiktok_oauth.observe.logs import configure_logging
from tiktok_oauth.service.configuration.files import is_new
from tiktok_oauth.service.configuration.judging import is_near
from tiktok_oauth.service.configuration.plan import SandboxApp, session_key
from tiktok_oauth.service.processes.supervisor import StartError, Supervisor
from tiktok_oauth.service.signin.passwords import hash_password
from tiktok_oauth.types import Secret, split_scopes
from tiktok_oauth.vault.opening import find_keys, place_of
from tiktok_oauth.vault.sealing.keyring import KeyRing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tiktok_oauth.sandbox.serve import Sandbox
    from tiktok_oauth.service.configuration.plan import Plan
    from tiktok_oauth.service.settings import ServiceSettings

_SANDBOX_PORTS = range(DEFAULT_PORT, DEFAULT_PORT + 10)
_LIBRARIES = ("jinja2", "prometheus_client", "starlette", "uvicorn")
_DEMO_SCOPES = "user.info.basic,user.info.profile,user.info.stats,video.list"
_SANDBOX_BESIDE = """\
There are no credentials, so a sandbox plays TikTok:
    {base_url}
Its people are made up, and nothing leaves this machine. What is connected is kept in
    {place}
and never among real accounts. To log in at TikTok itself, set TIKTOK_CLIENT_KEY,
TIKTOK_CLIENT_SECRET and TIKTOK_REDIRECT_URI.
"""
_READY = """\
Ready: {public_url}
{signin}Ctrl-C stops it."""
_SIGNIN = """\
Sign in by this link; it works once:
    {public_url}/signin/{token}
"""


def serve(plan: Plan) -> None:
    """Serve until a signal ends it.

    Raises:
        TikTokAPIError: keys or database cannot be used.
        ClickException: the port cannot be had.
        SystemExit: a process could not be started.
    """
    with ExitStack() as stack:
        with explained("serve", plan.host, plan.port):
            listener = stack.enter_context(listen(plan.host, plan.port))
        port = listener.getsockname()[1]
        if plan.is_for_sandbox:
            settings = _beside_sandbox(plan, port, stack)
        else:
            settings = plan.settings(port)
        if "database" not in plan.judged.service:
            make_state()
        keys = _keys(plan, settings.database_url)
        token = secrets.token_urlsafe(32) if is_near(plan.host) else None
        if token is not None:
            digest = hashlib.sha256(token.encode()).hexdigest()
            settings = replace(settings, signin_digest=digest)
        signing = session_key(plan.session_key_file)
        configure_logging(json=plan.log_json, level=plan.log_level)
        supervisor = Supervisor(settings, keys, signing, listener, plan.workers)
        _run(supervisor, settings, token)
    click.echo("Stopped.")


def check_libraries() -> None:
    """Make sure that the service's processes find what they import.

    Raises:
        ModuleNotFoundError: a library of the extra is missing.
    """
    for name in _LIBRARIES:
        if find_spec(name) is None:
            raise ModuleNotFoundError(name=name)


def hash_of(password: Secret) -> str:
    """A password's hash, for the settings."""
    return hash_password(password)


def _run(supervisor: Supervisor, settings: ServiceSettings, token: str | None) -> None:
    def tell() -> None:
        public_url = settings.public_url
        signin = _SIGNIN.format(public_url=public_url, token=token) if token else ""
        click.echo(_READY.format(public_url=public_url, signin=signin))

    try:
        supervisor.run(tell)
    except StartError as error:
        click.echo(f"Error: {error}", err=True)
        raise SystemExit(error.status if error.status > 0 else FAILED) from None
    except OSError as error:
        raise click.ClickException(str(error)) from None


def _keys(plan: Plan, url: str) -> KeyRing:
    given = None if plan.keys is None else KeyRing.from_file(plan.keys)
    with telling_of_keys():
        return find_keys(url, given, may_make=is_new(url))


def _beside_sandbox(plan: Plan, port: int, stack: ExitStack) -> ServiceSettings:
    """Start a sandbox, and return the settings of a service for its app.

    Its accounts have a database of their own: real ones never meet them.
    """
    directory = _sandbox_place(stack)
    sandbox = start_sandbox(_SANDBOX_PORTS, directory / "sandbox-world.json")
    stack.callback(sandbox.stop)
    app = SandboxApp(
        sandbox.client_key,
        Secret(sandbox.client_secret),
        split_scopes(os.environ.get("TIKTOK_SCOPES") or _DEMO_SCOPES),
        sandbox.base_url,
        sandbox.authorize_url,
    )
    settings = plan.settings(port, app)
    if "database" not in plan.judged.service:
        settings = replace(settings, database_url=f"sqlite:///{directory / 'sandbox.db'}")
    place = place_of(settings.database_url)
    click.echo(_SANDBOX_BESIDE.format(base_url=sandbox.base_url, place=place))
    return settings


def _sandbox_place(stack: ExitStack) -> Path:
    """Where a sandbox's world and its accounts are kept; a second one at a time keeps nothing."""
    directory = make_state()
    try:
        lock = os.open(directory / "sandbox.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        text = f"{directory} cannot be written: {error.strerror}. Let this user write there."
        raise click.ClickException(text) from None
    stack.callback(os.close, lock)
    with suppress(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return directory
    return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tiktok-oauth-")))


def start_sandbox(ports: Iterable[int], state: Path) -> Sandbox:
    """Run a sandbox on the first of these ports that is free; failing all, on any."""
    from tiktok_oauth.sandbox.serve import Sandbox  # noqa: PLC0415 - not needed with credentials

    for port in ports:
        with suppress(OSError):
            return Sandbox(port=port, state=state).start()
    return Sandbox(state=state).start()
