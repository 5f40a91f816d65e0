"""What was written where: flags win over the environment, which wins over the file."""

from __future__ import annotations

import difflib
import os
import stat
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tiktok_oauth.service.configuration.catalog import (
    APP_SETTINGS,
    CONFIG_VARIABLE,
    FILE_SUFFIX,
    SETTINGS,
    Setting,
)
from tiktok_oauth.service.configuration.findings import Finding
from tiktok_oauth.types import Secret
from tiktok_oauth.vault.opening import keys_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_PREFIX = "TIKTOK_OAUTH_"
_OTHERS_CAN_READ = stat.S_IRGRP | stat.S_IROTH
_WRONG_FILE = "The service cannot start with a file it may have misunderstood."
Table = dict[str, object]


@dataclass(frozen=True, slots=True)
class Written:
    """What somebody wrote for a setting. It does not show: it may be a secret.

    Attributes:
        source: where, e.g. ``--port`` or ``service.toml``.
        is_file: it is the path of a file that holds the value.
    """

    value: object
    source: str
    is_file: bool = False

    def __repr__(self) -> str:
        return f"<written in {self.source}>"


Answers = dict[str, Written]
"""By setting."""


@dataclass(frozen=True, slots=True)
class Sources:
    """All that was written.

    Attributes:
        service: the service's own settings.
        apps: those of each app, the default one first.
        file: the file that was read, if any.
        findings: what is wrong with how it was written.
    """

    service: Answers
    apps: tuple[Answers, ...]
    file: Path | None
    findings: tuple[Finding, ...]


def gather(
    flags: Mapping[str, object], environment: Mapping[str, str], config: Path | None
) -> Sources:
    """Read everything that was written.

    Args:
        flags: by setting; what was not given is None.
        environment: variables.
        config: the file that was named by its flag.
    """
    look = _Environment(environment)
    del environment
    file, table, findings = _read_file(config, look)
    name = "" if file is None else file.name
    findings += [*_unknown_variables(look.names()), *unknown_keys(table, name)]
    service = _from_table(SETTINGS, table, name)
    service |= look.answers(SETTINGS)
    for setting in SETTINGS:
        given = flags.get(setting.key)
        if given is not None and setting.flag is not None:
            service[setting.key] = Written(given, setting.flag)
    apps = [_from_table(APP_SETTINGS, app, f"{name} [[apps]]") for app in _apps_in(table)]
    findings += _secrets_in(file, service, apps)
    return Sources(service, _with_app(apps, look.answers(APP_SETTINGS)), file, tuple(findings))


def default_file() -> Path:
    """The file that is read when none is named, and it is there."""
    return keys_path().with_name("service.toml")


class _Environment:
    """Variables that tracebacks do not show."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def get(self, name: str) -> str | None:
        return self._environment.get(name) or None

    def names(self) -> list[str]:
        return list(self._environment)

    def answers(self, settings: Iterable[Setting]) -> Answers:
        found: Answers = {}
        for setting in settings:
            in_file = f"{setting.variable}_FILE"
            if setting.is_secret and (value := self.get(in_file)):
                found[setting.key] = Written(value, in_file, is_file=True)
            if value := self.get(setting.variable):
                found[setting.key] = Written(value, setting.variable)
        return found


def _read_file(config: Path | None, look: _Environment) -> tuple[Path | None, Table, list[Finding]]:
    named = config or (Path(name) if (name := look.get(CONFIG_VARIABLE)) else None)
    file = named or default_file()
    source = "--config" if config else CONFIG_VARIABLE if named else str(file)
    try:
        return file, tomllib.loads(file.read_text("utf-8")), []
    except FileNotFoundError:
        if named is None:
            return None, {}, []
        says = f"There is no file {file}."
    except (OSError, UnicodeDecodeError) as error:
        says = f"{file} cannot be read ({type(error).__name__})."
    except tomllib.TOMLDecodeError as error:
        # Its place and no more: the line itself may hold a secret.
        says = f"{file} is no TOML: {_place_in(str(error))}."
    return None, {}, [Finding("config", source, "fail", says, _WRONG_FILE)]


def _place_in(message: str) -> str:
    """Where the parser stopped, without what it saw there."""
    return message[message.rfind("(") + 1 :].rstrip(")") if "(at " in message else "see its syntax"


def _from_table(settings: Iterable[Setting], table: Mapping[str, object], source: str) -> Answers:
    found: Answers = {}
    for setting in settings:
        in_file = setting.key + FILE_SUFFIX
        if setting.is_secret and in_file in table:
            found[setting.key] = Written(table[in_file], f"{source}: {in_file}", is_file=True)
        if setting.key in table:
            found[setting.key] = Written(table[setting.key], f"{source}: {setting.key}")
    return found


def _apps_in(table: Table) -> list[Table]:
    apps = table.get("apps", [])
    return [app for app in apps if isinstance(app, dict)] if isinstance(apps, list) else []


def _with_app(apps: list[Answers], own: Answers) -> tuple[Answers, ...]:
    """The environment's app belongs to the file's with the same key, else it comes first."""
    key = own.get("client_key")
    if key is None:
        # A secret or a redirect URI alone says more of the only app.
        return ({**apps[0], **own}, *apps[1:]) if len(apps) == 1 else tuple(apps)
    same = [app for app in apps if "client_key" in app and app["client_key"].value == key.value]
    others = [app for app in apps if app not in same]
    return ({**(same[0] if same else {}), **own}, *others)


def _unknown_variables(names: list[str]) -> list[Finding]:
    known = [variable for setting in SETTINGS for variable in _variables_of(setting)]
    known.append(CONFIG_VARIABLE)
    return [
        Finding(
            name, "environment", "warn", "No such variable is known.", _meant(name, known, "it")
        )
        for name in names
        if name.startswith(_PREFIX) and name not in known
    ]


def _variables_of(setting: Setting) -> tuple[str, ...]:
    return (setting.variable, *((f"{setting.variable}_FILE",) if setting.is_secret else ()))


def unknown_keys(table: Table, name: str) -> list[Finding]:
    """What is wrong with the names in a file: a typing mistake is never silently a default."""
    found = _unknown_in(table, SETTINGS, name, "", ("apps",))
    for place, app in enumerate(_apps_in(table), 1):
        found += _unknown_in(app, APP_SETTINGS, name, f"apps[{place}].")
    if "apps" in table and not (isinstance(table["apps"], list) and _apps_in(table)):
        says = "apps must be a list of tables."
        found.append(Finding("apps", name, "fail", says, "Begin each app by a line [[apps]]"))
    return found


def _unknown_in(
    table: Table,
    settings: Iterable[Setting],
    source: str,
    before: str,
    others: tuple[str, ...] = (),
) -> list[Finding]:
    known = [*others]
    for setting in settings:
        known += [setting.key, *([setting.key + FILE_SUFFIX] if setting.is_secret else [])]
    return [
        Finding(before + key, source, "fail", "No such key is known.", _meant(key, known, "it"))
        for key in table
        if key not in known
    ]


def _meant(name: str, known: list[str], what: str) -> str:
    close = difflib.get_close_matches(name, known, 1)
    return f"Did you mean {close[0]}?" if close else f"Remove {what}."


def _secrets_in(file: Path | None, service: Answers, apps: list[Answers]) -> list[Finding]:
    """A file with secrets in it that others can read."""
    if file is None or not _is_open(file):
        return []
    secret = {setting.key for setting in (*SETTINGS, *APP_SETTINGS) if setting.is_secret}
    inline = [
        key
        for answers in (service, *apps)
        for key, written in answers.items()
        if written.source.startswith(file.name) and not written.is_file
        if key in secret or (key == "database" and _has_password(written.value))
    ]
    if not inline:
        return []
    says = f"{file} holds secrets ({', '.join(sorted(set(inline)))}), and others can read it."
    return [Finding("config", file.name, "fail", says, f"Run: chmod 600 {file}")]


def _is_open(file: Path) -> bool:
    """Whether others can read a file. One of root's may let this process in by its group."""
    status = file.stat()
    is_own = status.st_uid == os.geteuid()
    return bool(status.st_mode & (_OTHERS_CAN_READ if is_own else stat.S_IROTH))


def _has_password(url: object) -> bool:
    return isinstance(url, str) and (
        ":" in url.partition("://")[2].rpartition("@")[0] or "password=" in url
    )


def read_secret_file(path: Path) -> tuple[Secret, bool]:
    """A secret from its file, and whether everybody on this machine can read it.

    Raises:
        OSError: it cannot be read.
        UnicodeDecodeError: it is no text.
    """
    with path.open("rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        # An editor's newline at the end of the file is not part of the secret.
        found = Secret(file.read(1 << 16).decode("utf-8").rstrip("\r\n"))
    return found, bool(mode & stat.S_IROTH)
