"""What the vault's commands share: their options, their errors, and how they open a vault."""

from __future__ import annotations

import itertools
import os
import re
from contextlib import closing, contextmanager, suppress
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import click
import msgspec

from tiktok_oauth.client import TikTokOAuth
from tiktok_oauth.errors import InvalidTokenError, StoreError, TikTokAPIError, VaultKeyError
from tiktok_oauth.types import Secret
from tiktok_oauth.vault.opening import journal_of, keys_path, open_store, state_path
from tiktok_oauth.vault.refresh.answers import label_of
from tiktok_oauth.vault.refresh.recover import payloads_in
from tiktok_oauth.vault.sealing.keyring import KeyRing, named_file
from tiktok_oauth.vault.sealing.kms import key_error
from tiktok_oauth.vault.stores.sqlitefile import is_url, path_of
from tiktok_oauth.vault.strongroom import Strongroom
from tiktok_oauth.vault.vault import TokenVault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tiktok_oauth.vault.stores.store import Store

FAILED, TRY_LATER, LOG_IN, WRONG_KEYS = 1, 75, 77, 78
"""Exit statuses beside 0, and 2 for a wrong command line; ``tiktok-oauth --help`` tells them.
The last three are those of ``sysexits.h``."""

_KEYS = "TIKTOK_OAUTH_KEYS"
_LOGIN_CALL = re.compile(r"Send the person through begin_login\(\)( again)?\.")

C = TypeVar("C", bound="Callable[..., Any] | click.Command")


class Option(Protocol):
    """What gives a command an option."""

    def __call__(self, command: C, /) -> C:
        """The command with the option."""
        ...


def _lasting(_ctx: click.Context, _parameter: click.Parameter, url: str | None) -> str | None:
    """A store's URL, unless what is kept there would be gone with the command."""
    if url is not None and not url.strip():
        raise click.BadParameter("It names no store. Leave it out to use the default one.")
    if url is not None and url.startswith("memory:"):
        raise click.BadParameter(
            "What is in memory is gone when the command ends. Name a file: sqlite:///tokens.db"
        )
    return url


database_option: Option = click.option(
    "--database",
    callback=_lasting,
    envvar="TIKTOK_OAUTH_DATABASE_URL",
    show_envvar=True,
    metavar="URL",
    help="The store, e.g. sqlite:///tokens.db or postgresql://db/tokens; by default"
    " tiktok-oauth/tokens.db in the state directory.",
)
keys_option: Option = click.option(
    "--keys",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help=f"The key ring; by default {_KEYS}, else tiktok-oauth/keys.json in the configuration"
    " directory.",
)
app_option: Option = click.option(
    "--client-key", metavar="KEY", help="Which app, when the person is connected under several."
)
json_option: Option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
yes_option: Option = click.option("--yes", is_flag=True, help="Do not ask.")


class VaultCommand(click.Command):
    """A command whose errors are one sentence and what to do, with a status of its own."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - as click has it
        """Run the command."""
        with told(as_json=bool(ctx.params.get("as_json"))):
            return super().invoke(ctx)


class AccountCommand(VaultCommand):
    """A command with an open_id, which may begin with a dash and holds any letters.

    A word of the command line is an option only if it is the whole name of one: click alone would
    find ``-h`` in ``-000ah``, and end with the help and status 0.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the words after the command's name."""
        return super().parse_args(ctx, _set_apart(self.get_params(ctx), args))


def _set_apart(known: Sequence[click.Parameter], words: Sequence[str]) -> list[str]:
    """Options first and all other words behind two dashes, where nothing is an option."""
    by_name = {name: one for one in known for name in (*one.opts, *one.secondary_opts)}
    options: list[str] = []
    others: list[str] = []
    left = iter(words)
    for word in left:
        if word == "--":
            break
        name, is_whole, _ = word.partition("=") if word.startswith("--") else (word, "", "")
        option = by_name.get(name) if word.startswith("-") else None
        if not isinstance(option, click.Option):
            others.append(word)
            continue
        options.append(word)
        if not (option.is_flag or is_whole):
            options += itertools.islice(left, 1)
    return [*options, "--", *others, *left]


class VaultGroup(click.Group):
    """A group of such commands."""

    command_class: type[click.Command] | None = VaultCommand


@contextmanager
def told(*, as_json: bool = False) -> Iterator[None]:
    """Turn an error of the library's into a sentence, or into JSON, and a status."""
    try:
        yield
    except TikTokAPIError as error:
        failure = _kind_of(error)(f"{error.message} {_hint(error)}".rstrip())
        if as_json:
            click.echo(msgspec.json.encode(_facts(error)), err=True)
            raise SystemExit(failure.exit_code) from None
    else:
        return
    raise failure


def _facts(error: TikTokAPIError) -> dict[str, object]:
    """What a program may want to know of an error."""
    return {
        "error": error.message,
        "hint": _hint(error),
        "code": error.code,
        "action": error.action,
        "retry_after": error.retry_after,
        "correlation_id": error.correlation_id,
        "log_id": error.log_id,
    }


def _hint(error: TikTokAPIError) -> str:
    """What to do, for somebody at a prompt: commands in place of calls, figures of names."""
    wait = "later" if error.retry_after is None else f"in {ceil(error.retry_after)} s"
    hint = error.hint.replace("after retry_after seconds", wait)
    hint = hint.replace("by client_key.", "by --client-key.")
    return _LOGIN_CALL.sub(r"Let the person log in\1: tiktok-oauth login", hint)


def tell(text: str, facts: Mapping[str, object], *, as_json: bool) -> None:
    """Say how it went, to a person or to a program."""
    click.echo(msgspec.json.encode(facts) if as_json else text)


class TryLaterError(click.ClickException):
    """The same command may work later."""

    exit_code = TRY_LATER


class _LogInError(click.ClickException):
    exit_code = LOG_IN


class _WrongKeysError(click.ClickException):
    exit_code = WRONG_KEYS


def _kind_of(error: TikTokAPIError) -> type[click.ClickException]:
    if isinstance(error, VaultKeyError):
        return _WrongKeysError
    if isinstance(error, InvalidTokenError):
        return _LogInError
    return TryLaterError if error.retryable else click.ClickException


def url_of(database: str | None, *, make: bool = False) -> str:
    """The store's URL.

    Args:
        database: as the command was given it.
        make: a SQLite store may be missing; then its directory is made.

    Raises:
        ClickException: there is no such store.
    """
    if make and database is None:
        make_state()
    url = database or f"sqlite:///{state_path() / 'tokens.db'}"
    if not make and not is_there(database):
        raise click.ClickException(
            f"There is no database {url}. Name another one by --database, or connect an account"
            " first: tiktok-oauth login"
        )
    return url


def make_state() -> Path:
    """The directory where stores are when nobody says otherwise, made if need be.

    Raises:
        ClickException: it cannot be made.
    """
    path = state_path()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise click.ClickException(
            f"The directory {path} cannot be made: {error.strerror}. Set XDG_STATE_HOME to one"
            " that this user may write to, or name a store by --database."
        ) from None
    return path


def is_there(database: str | None) -> bool:
    """Whether there is a store already, as far as that can be known without asking a server."""
    url = database or f"sqlite:///{state_path() / 'tokens.db'}"
    if not is_url(url):
        return True
    with suppress(StoreError):
        return path_of(url).exists()
    return False


@contextmanager
def opened_store(database: str | None) -> Iterator[Store]:
    """A store that exists, without any key."""
    with closing(open_store(url_of(database))) as store:
        yield store


@contextmanager
def store_if_any(database: str | None) -> Iterator[Store | None]:
    """A store, without any key; None when there is no such SQLite file."""
    if not is_there(database):
        yield None
        return
    with opened_store(database) as store:
        yield store


def ring_of(keys: Path | None) -> KeyRing | None:
    """The key ring a command was given; None leaves it to the environment."""
    return None if keys is None else KeyRing.from_file(keys)


def key_place(keys: Path | None) -> Path | None:
    """The file that the key ring is in; None when the environment holds the keys themselves."""
    if keys is not None:
        return keys
    # No local variable holds it: it may be the keys themselves.
    return named_file(Secret(os.environ[_KEYS])) if os.environ.get(_KEYS) else keys_path()


def key_file(keys: Path | None) -> Path:
    """The file that the key ring is in, for commands that write it.

    Raises:
        ClickException: the keys themselves are in the environment.
    """
    path = key_place(keys)
    if path is None:
        raise click.ClickException(
            f"The keys themselves are in {_KEYS}, or it names no file that is there. Change them"
            " where that is set, or keep them in a file and name it by --keys."
        )
    return path


def read_ring(keys: Path | None) -> KeyRing:
    """The key ring, for commands that only look at it.

    Raises:
        VaultKeyError: there is none, or it cannot be used.
    """
    path = key_place(keys)
    return KeyRing.from_env(os.environ[_KEYS]) if path is None else KeyRing.from_file(path)


@contextmanager
def upkeep(database: str | None, keys: Path | None, *, make: bool = False) -> Iterator[Strongroom]:
    """A vault's inside for work at rest: it never asks TikTok, so it needs no credentials.

    What dead vaults of this host have left is brought in when it is opened.
    """
    url = url_of(database, make=make)
    # Clients on paper: their apps are all that bringing in answers takes.
    clients = [TikTokOAuth(key, "never sent") for key in _apps_of(url)]
    room = Strongroom(clients, url, ring_of(keys), None, 900.0)
    with telling_of_keys(), closing(room):
        yield room


def _apps_of(url: str) -> list[str]:
    """The apps whose answers are in this host's journals; any name when there are none."""
    with store_if_any(url) as store:
        directory = None if store is None else journal_of(url, store)
    payloads = payloads_in(directory) if directory and directory.is_dir() else iter(())
    return sorted({label[0] for label in map(label_of, payloads) if label}) or ["none"]


@contextmanager
def telling_of_keys() -> Iterator[None]:
    """Say afterwards that a key ring was made, if one was: it has to be kept."""
    path = keys_path()
    was_there = path.exists()
    try:
        yield
    finally:
        if not was_there and path.exists():
            click.echo(
                f"A key ring was made for the new store: {path}. Keep a copy of it in a safe place:"
                " without it nobody can read the tokens.",
                err=True,
            )


@contextmanager
def opened_vault(
    database: str | None, keys: Path | None, *, refreshes: bool = False
) -> Iterator[TokenVault]:
    """A vault over the app that the environment names.

    Args:
        database: the store's URL, as the command was given it.
        keys: the key file, as the command was given it.
        refreshes: whether refreshing is all that it is for.

    Raises:
        TikTokAPIError: a setting is wrong; it names the variable.
    """
    with TikTokOAuth() as client:
        client.validate_credentials()
        url = url_of(database)
        ring = read_ring(keys) if refreshes else ring_of(keys)
        if ring is not None and refreshes and ring.access_only:
            raise key_error(
                "This key ring opens access tokens only: nothing can be refreshed with it.",
                f"Name the whole ring by --keys or {_KEYS}.",
            )
        with TokenVault(client, store=url, keys=ring) as vault:
            yield vault


def confirm(question: str, *, yes: bool) -> None:
    """Ask whether to go on, unless that was said already."""
    if not yes:
        click.confirm(question, abort=True, err=True)
