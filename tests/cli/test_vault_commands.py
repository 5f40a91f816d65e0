"""The vault's commands in this process: what they print, what they change, how they end."""

from __future__ import annotations

import json
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from contextlib import closing
from typing import TYPE_CHECKING, Any

import click
import pytest

from tests.cli.terminal import KEY, done, dump, run, url
from tiktok_oauth import KeyRing, Sandbox, TikTokOAuth, TokenVault
from tiktok_oauth.cli.root import root
from tiktok_oauth.vault.opening import keys_path, state_path

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET = "sandbox-client-secret"


pytestmark = pytest.mark.usefixtures("home")


def listed() -> list[dict[str, Any]]:
    """All accounts."""
    return [json.loads(line) for line in done("accounts", "list", "--json").splitlines()]


@pytest.mark.parametrize(
    "command",
    [
        ("accounts", "list"),
        ("backup", "b.db"),
        ("unfreeze",),
        ("keys", "reseal"),
        ("accounts", "show", "x"),
    ],
)
def test_without_a_store_they_say_what_to_do(command: tuple[str, ...], home: Path) -> None:
    """And make none."""
    result = run(*command)

    assert result.exit_code == 1
    assert "There is no database" in result.output
    assert "tiktok-oauth login" in result.output
    assert list(home.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        ("accounts", "list"),
        ("backup", "b.db"),
        ("doctor", "--offline"),
        ("import", "-", "--client-key", KEY),
    ],
)
def test_another_programs_database_is_left_alone(command: tuple[str, ...], home: Path) -> None:
    """Named by mistake, it is refused, and not a byte of it changes."""
    site = home / "site.sqlite3"
    with closing(sqlite3.connect(site)) as owner:
        owner.execute("PRAGMA journal_mode=wal")
        owner.execute("CREATE TABLE auth_user (id INTEGER)")
    before = site.read_bytes()
    done("keys", "new")

    result = run(*command, "--database", f"sqlite:///{site}", text=dump("anna"))

    assert result.exit_code == 1
    assert "belongs to another program" in result.output
    assert site.read_bytes() == before
    assert sorted(path.name for path in home.iterdir()) == ["config", "site.sqlite3"]


@pytest.mark.slow
def test_what_was_altered_is_listed_as_blocked(people: Path) -> None:
    """With the key ring; whoever has none sees what the store says."""
    with closing(sqlite3.connect(people / "state" / "tiktok-oauth" / "tokens.db")) as owner, owner:
        owner.execute("UPDATE accounts SET refresh = access WHERE open_id = 'ben'")

    statuses = {account["open_id"]: account["status"] for account in listed()}
    blocked = done("accounts", "list", "--status", "blocked")

    assert statuses == {"-anna": "refresh_due", "ben": "blocked"}
    assert blocked.startswith("blocked")
    assert "ben" in blocked
    keys_path().unlink()
    assert done("accounts", "list", "--status", "blocked") == ""


@pytest.mark.slow
@pytest.mark.usefixtures("people")
def test_accounts_are_listed_and_shown() -> None:
    """A line each; a timeline for one. No key is needed for it."""
    keys_path().unlink()

    assert [account["open_id"] for account in listed()] == ["-anna", "ben"]
    assert done("accounts", "list", "--status", "needs_login") == ""
    assert "refresh_due  -anna" in done("accounts", "list")
    assert "imported" in done("accounts", "show", "-anna")
    assert json.loads(done("accounts", "show", "ben", "--json"))["events"][0]["kind"] == "imported"
    assert "No such account is connected." in run("accounts", "show", "nobody").output


@pytest.mark.slow
@pytest.mark.usefixtures("people")
def test_export_and_import_are_inverse(home: Path) -> None:
    """With the tokens in a file that only its owner reads; without them for everybody."""
    target = home / "out.jsonl"
    plain = done("accounts", "export")
    result = run("accounts", "export", "--with-tokens", "--output", str(target))

    assert "act." not in plain + result.output
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert "Only one program may refresh them" in result.stderr
    other = f"sqlite:///{home / 'other.db'}"
    assert "Taken over: 2" in done("import", str(target), "--database", other)
    assert run("accounts", "export", "--with-tokens").exit_code == 2
    assert run("accounts", "export", "--with-tokens", "--output", str(target)).exit_code == 1


@pytest.mark.slow
@pytest.mark.usefixtures("people")
def test_a_person_is_erased_when_somebody_says_yes() -> None:
    """Not before."""
    assert run("accounts", "erase", "-anna", text="n\n").exit_code == 1
    assert len(listed()) == 2
    assert done("accounts", "erase", "-anna", "--yes") == "Deleted.\n"
    assert [account["open_id"] for account in listed()] == ["ben"]


def test_a_dry_run_makes_nothing(home: Path) -> None:
    """Neither a store nor a key ring."""
    told = done("import", "-", "--client-key", KEY, "--dry-run", text=dump("anna"))

    assert "Would be taken: 1" in told
    assert "Nothing was written." in told
    assert list(home.iterdir()) == []


@pytest.mark.slow
def test_an_import_tells_what_came_of_it(home: Path) -> None:
    """In words and in JSON; a new key ring is said; nothing of a line is ever told."""
    (home / "dump.csv").write_text("open_id,refresh_token\nanna,rft.CANARY\n,CANARY\n")
    first = run("import", str(home / "dump.csv"), "--client-key", KEY)
    again = json.loads(done("import", str(home / "dump.csv"), "--client-key", KEY, "--json"))

    assert "Taken over: 1" in first.stdout
    assert "line 3: no open_id" in first.stdout
    assert str(keys_path()) in first.stderr
    assert (again["taken"], again["there"], again["unusable"]) == (0, 1, 1)
    assert "CANARY" not in first.output
    assert run("import", "-", "--client-key", KEY, text="{}").exit_code == 1
    assert run("import", str(home / "missing.csv")).exit_code == 1


@pytest.mark.slow
@pytest.mark.parametrize(("mode", "is_told"), [(0o644, True), (0o640, True), (0o600, False)])
def test_tokens_that_others_can_read_are_told(home: Path, mode: int, *, is_told: bool) -> None:
    """With the command that shuts the file; it is taken over anyway."""
    path = home / "dump.jsonl"
    path.write_text(dump("anna"))
    path.chmod(mode)

    result = run("import", str(path), "--client-key", KEY)

    assert result.exit_code == 0
    assert (f"chmod 600 {path}" in result.stderr) is is_told


@pytest.mark.slow
@pytest.mark.parametrize("text", ["", "\n", "open_id,refresh_token\n", "[]"])
@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_an_import_of_nothing_fails(text: str, options: tuple[str, ...]) -> None:
    """The program before the pipe has failed, perhaps, and nobody would notice."""
    result = run("import", "-", "--client-key", KEY, *options, text=text)

    assert result.exit_code == 1
    assert "There is no account in standard input." in result.stderr
    assert "it may have failed" in result.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("layout", "text", "words"),
    [
        ("plain", "anna,act.CANARY,rft.CANARY\nben,act.2,rft.2\n", "open_id or tiktok_open_id"),
        ("plain", "uid,token,token_secret\nCANARY,act.1,rft.1\n", "--from allauth"),
        ("allauth", dump("CANARY"), "those of: --from plain"),
        ("authjs", "id,name\n1,CANARY\n", "provider_account_id or id_token and refresh_token"),
    ],
)
def test_names_that_are_not_found_are_told(layout: str, text: str, words: str) -> None:
    """With those that were looked for, or whose they are; nothing of the file is told."""
    result = run("import", "-", "--dry-run", "--client-key", KEY, "--from", layout, text=text)

    assert result.exit_code == 1
    assert words in result.stderr
    assert "CANARY" not in result.output


@pytest.mark.parametrize("scopes", ["user.info.basic user.info.profile", ""])
def test_scopes_that_are_none_are_not_stored(scopes: str, home: Path) -> None:
    """As `login` refuses them: an account would lack what its person has granted."""
    result = run("import", "-", "--client-key", KEY, "--scopes", scopes, text=dump("anna"))

    assert result.exit_code == 1
    assert "--scopes" in result.output
    assert "comma-separated" in result.output
    assert list(home.iterdir()) == []


@pytest.mark.slow
@pytest.mark.usefixtures("people")
def test_a_key_is_replaced_step_by_step() -> None:
    """Add, promote, reseal, retire: the accounts open with the new one alone."""
    assert "already, with" in run("keys", "new").output
    done("keys", "add", "--name", "2027")
    done("keys", "promote", "2027")

    refusal = run("keys", "retire", "k1")
    assert refusal.exit_code == 1
    assert "2 values are still sealed" in refusal.output
    assert "all other keys can be retired" in done("keys", "reseal")
    done("keys", "retire", "k1")
    [key] = json.loads(done("keys", "list", "--json"))
    assert (key["name"], key["active"], key["sealed"]) == ("2027", True, 2)
    assert "It opens everything" in done("keys", "check")


@pytest.mark.slow
@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("command", ["retire", "promote"])
def test_no_key_is_judged_by_a_store_that_is_not_there(command: str, home: Path) -> None:
    """A mistyped URL would let go of a key that the real store needs."""
    done("keys", "add", "--name", "2027")
    before = keys_path().read_bytes()

    result = run("keys", command, "2027", "--database", f"sqlite:///{home}/mistyped.db")

    assert result.exit_code == 1
    assert "There is no database" in result.output
    assert keys_path().read_bytes() == before


@pytest.mark.slow
@pytest.mark.usefixtures("people")
def test_an_export_goes_on_behind_an_account_that_does_not_open(home: Path) -> None:
    """It is there without tokens, and said; the others have theirs."""
    with closing(sqlite3.connect(state_path() / "tokens.db")) as connection:
        connection.execute("UPDATE accounts SET access = refresh WHERE open_id = '-anna'")
        connection.commit()
    target = home / "accounts.jsonl"

    result = run("accounts", "export", "--with-tokens", "--output", str(target))

    lines = [json.loads(line) for line in target.read_text().splitlines()]
    assert result.exit_code == 1
    assert "1 accounts do not open" in result.stderr
    assert [line.get("refresh_token") for line in lines] == [None, "rft.ben"]


@pytest.mark.slow
def test_a_key_file_in_the_home_directory_is_found(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``~`` means for the commands what it means for a vault."""
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("TIKTOK_OAUTH_KEYS", "~/mine.json")

    done("keys", "new")

    assert (home / "mine.json").exists()
    assert len(json.loads(done("keys", "list", "--json"))) == 1


@pytest.mark.slow
@pytest.mark.usefixtures("people")
def test_a_key_that_a_running_vault_does_not_know_is_not_promoted() -> None:
    """It could not open what is sealed from then on."""
    with TikTokOAuth(KEY, SECRET) as client, TokenVault(client, store=url()) as vault:
        assert len(list(vault.accounts())) == 2
        done("keys", "add", "--name", "2027")
        before = keys_path().read_bytes()

        result = run("keys", "promote", "2027")

        assert result.exit_code == 78
        assert "is not known to 1 of the running vaults" in result.output
        assert keys_path().read_bytes() == before


@pytest.mark.slow
@pytest.mark.usefixtures("people")
def test_wrong_and_missing_keys_have_a_status_of_their_own(home: Path) -> None:
    """78, the IDs, and nothing is changed."""
    KeyRing.generate("other").save(home / "other.json")
    for command in (("keys", "check"), ("keys", "reseal"), ("import", "-", "--client-key", KEY)):
        result = run(*command, "--keys", str(home / "other.json"), text=dump("anna"))

        assert result.exit_code == 78
        assert "sealed with keys that the ring does not have" in result.output
        assert run(*command, "--keys", str(home / "none.json"), text="{}").exit_code == 78
    assert len(listed()) == 2


@pytest.mark.slow
@pytest.mark.usefixtures("people")
def test_access_only_rings_are_made(home: Path) -> None:
    """For processes that only use access tokens."""
    done("keys", "export-access-only", str(home / "access.json"))

    assert KeyRing.from_file(home / "access.json").access_only


def test_keys_in_the_environment_are_changed_where_they_are_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The command cannot, and shows none of it."""
    monkeypatch.setenv("TIKTOK_OAUTH_KEYS", "k1:CANARY")

    result = run("keys", "add")

    assert result.exit_code == 1
    assert "Change them where that is set" in result.output
    assert "CANARY" not in result.output


@pytest.mark.slow
@pytest.mark.usefixtures("people")
def test_a_restored_backup_waits_for_unfreeze(home: Path) -> None:
    """The doctor says so, and the store goes on when somebody has said yes."""
    assert "Copied 2 accounts" in done("backup", str(home / "copy.db"))
    assert done("unfreeze") == "The store is not frozen.\n"
    (home / "copy.db").replace(state_path() / "tokens.db")

    assert run("doctor", "--offline").exit_code == 1
    asked = run("unfreeze", text="n\n")
    assert asked.exit_code == 1
    assert "older copy of itself" in asked.output
    assert "Tokens are refreshed again." in done("unfreeze", "--yes")
    assert run("doctor", "--offline").exit_code == 0


@pytest.mark.slow
@pytest.mark.usefixtures("people")
def test_the_doctor_tells_what_is_wrong_and_its_mend(home: Path) -> None:
    """Every check by name; 78 when it is the keys."""
    found = json.loads(done("doctor", "--offline", "--json"))
    names = {finding["name"] for finding in found}
    keys_path().chmod(0o644)
    result = run("doctor", "--offline")

    assert {
        "python",
        "libraries",
        "environment",
        "sync",
        "room",
        "store",
        "accounts",
        "frozen",
        "keys",
        "journal",
    } <= names
    assert result.exit_code == 78
    assert "chmod 600" in result.output
    assert home.is_dir()


@pytest.mark.slow
@pytest.mark.usefixtures("people")
def test_the_doctor_finds_a_journal_that_no_vault_could_use() -> None:
    """A file in it that cannot be read keeps every vault from starting."""
    host = state_path() / "tokens.db-answers" / "host"
    host.unlink()
    host.symlink_to(host)

    result = run("doctor", "--offline", "--json")

    [journal] = [one for one in json.loads(result.stdout) if one["name"] == "journal"]
    assert journal["verdict"] == "fail"
    assert str(host.parent) in journal["says"]
    assert result.exit_code == 1


def test_the_doctor_looks_at_a_machine_without_a_store(home: Path) -> None:
    """Nothing fails, and nothing is made."""
    assert "There is no store yet." in done("doctor", "--offline")
    assert list(home.iterdir()) == []


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A running sandbox, which the environment points to."""
    with Sandbox(seed=1) as running:
        monkeypatch.setenv("TIKTOK_CLIENT_KEY", running.client_key)
        monkeypatch.setenv("TIKTOK_CLIENT_SECRET", running.client_secret)
        monkeypatch.setenv("TIKTOK_BASE_URL", running.base_url)
        monkeypatch.setenv("TIKTOK_AUTHORIZE_URL", running.authorize_url)
        yield running


def connect(sandbox: Sandbox) -> str:
    """Keep the tokens of somebody who has allowed it; returns who."""
    record = record_of(sandbox)
    done("import", "-", text=json.dumps(record))
    return str(record["open_id"])


def record_of(sandbox: Sandbox) -> dict[str, object]:
    """The tokens of somebody who has allowed it, as a dump has them."""
    given = sandbox.grant()
    names = ("open_id", "access_token", "refresh_token", "expires_in", "scope")
    return {name: getattr(given, name) for name in names}


@pytest.mark.slow
def test_tokens_are_printed_refreshed_and_revoked(sandbox: Sandbox) -> None:
    """Standard output is the token alone."""
    person = connect(sandbox)
    token = done("token", "--", person)

    assert token.count("\n") == 1
    assert "Refreshed." in done("refresh", "--", person)
    assert done("token", "--", person) != token
    assert done("revoke", "--yes", "--", person) == "Disconnected.\n"
    assert run("token", "--", person).exit_code == 77
    assert len([one for one in sandbox.requests() if one.endpoint == "refresh"]) == 1


@pytest.mark.slow
def test_what_may_work_later_has_a_status_of_its_own(sandbox: Sandbox) -> None:
    """75, for scripts that try again."""
    person = connect(sandbox)
    sandbox.fault("rate_limited", endpoint="refresh")

    assert run("refresh", "--", person).exit_code == 75


@pytest.mark.slow
def test_a_login_comes_back_to_a_port_of_this_machine(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The account is kept; what strangers ask the port for changes nothing."""
    browsers = []

    def open_browser(address: str) -> bool:
        def visit() -> None:
            back = sandbox.authorize(address)
            port = back.split(":")[2].split("/")[0]
            for path in ("/favicon.ico", "/callback/?code=x&state=y"):
                with pytest.raises(urllib.error.HTTPError):
                    urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10)
            with urllib.request.urlopen(back, timeout=10) as page:  # noqa: S310 - our own port
                assert b"close this page" in page.read()

        browsers.append(threading.Thread(target=visit))
        browsers[-1].start()
        return True

    monkeypatch.setattr("webbrowser.open", open_browser)
    result = run("login", "--user-id", "u1", "--wait", "20")
    browsers[0].join()

    assert result.exit_code == 0, result.output
    [account] = listed()
    assert f"Connected {account['open_id']}: user.info.basic." in result.stdout
    assert account["user_id"] == "u1"


@pytest.mark.slow
def test_a_login_waits_only_so_long(home: Path) -> None:
    """At a sandbox of its own; nothing is kept then."""
    result = run("login", "--sandbox", "--no-browser", "--wait", "1")

    assert result.exit_code == 75
    assert "Nobody came back in time." in result.output
    assert "http://127.0.0.1" in result.stderr
    assert list(home.iterdir()) == []


@pytest.mark.slow
def test_a_refresher_drains_and_stops_on_a_signal(sandbox: Sandbox) -> None:
    """It refreshes what is due, says so, and ends with status 0."""
    done("import", "-", text=json.dumps({**record_of(sandbox), "refresh_expires_in": 1}))
    command = (sys.executable, "-W", "error", "-m", "tiktok_oauth", "refresher", "--every", "1")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own program
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("refreshed 1,"):
                break
        process.send_signal(signal.SIGTERM)
        rest = process.stdout.read()

    assert process.returncode == 0
    assert rest.splitlines()[-1] == "Stopped."
    assert len([one for one in sandbox.requests() if one.endpoint == "refresh"]) == 1


@pytest.mark.slow
def test_a_refresher_with_a_wrong_secret_does_not_say_that_tiktok_is_down(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One refusal of the app stops it, and its line names both causes."""
    done("import", "-", text=json.dumps({**record_of(sandbox), "refresh_expires_in": 1}))
    monkeypatch.setenv("TIKTOK_CLIENT_SECRET", "another-secret-0001")
    command = (sys.executable, "-m", "tiktok_oauth", "refresher", "--every", "1")
    with subprocess.Popen(  # noqa: S603 - our own program
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        said = next(line for line in process.stdout if "breaker" in line)
        process.send_signal(signal.SIGTERM)
        process.stdout.read()

    assert "TikTok fails, or refuses the app's key and secret" in said


def test_every_command_is_in_the_list() -> None:
    """With what it does; none of them is imported for that."""
    told = done("--help")

    for name in root.list_commands(click.Context(root)):
        assert f"\n  {name} " in told
