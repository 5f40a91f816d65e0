"""What Django has of its own: the project's users, checks, the admin, commands."""

from __future__ import annotations

import io
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.scripted import NOW
from tests.web import django_site
from tests.web.browser import ORIGIN
from tiktok_oauth import TokenVault

# isort: split
# These want Django's settings, which the site has made.
from django.contrib.auth.models import User
from django.core.checks import run_checks
from django.core.management import call_command
from django.db import transaction
from django.test.utils import override_settings

from tiktok_oauth.web.django import checks, conf, signals
from tiktok_oauth.web.django.models import TikTokAccount

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.web.browser import Site


@pytest.fixture
def site(open_site: Callable[..., Site]) -> Site:
    """A project whose users connect accounts."""
    return open_site("django")


def test_an_account_belongs_to_the_user_who_connected_it(site: Site) -> None:
    """By a row without any token."""
    site.browser(user="ada").connect()

    [link] = TikTokAccount.objects.all()
    assert (link.user.get_username(), str(link)) == ("ada", site.heard[0].account.open_id)
    assert link.account().user_info().display_name == "Mina Okafor"
    told = " ".join(map(str, vars(link).values()))
    assert not [token for token in site.town.issued if token in told]
    assert User.objects.get(tiktok_accounts=link) == link.user


@pytest.mark.slow
def test_an_account_of_another_user_is_refused(site: Site) -> None:
    """It stays with whoever has it."""
    site.browser(user="ada").connect()

    answer = site.browser(user="bob").connect()

    assert answer.status == 409
    assert "another user of this site" in answer.text
    assert [link.user.get_username() for link in TikTokAccount.objects.all()] == ["ada"]


def test_connecting_again_changes_nothing_else(site: Site) -> None:
    """The user has the account once."""
    browser = site.browser(user="ada")
    browser.connect()
    browser.connect()

    assert TikTokAccount.objects.count() == 1


def test_who_is_not_signed_in_is_sent_to_sign_in(site: Site) -> None:
    """An account has to belong to somebody."""
    browser = site.browser(user=None)

    assert browser.press("/tiktok/login").location.startswith("/sign-in/")


def test_whoever_signs_out_on_the_way_gets_nothing(site: Site) -> None:
    """The callback belongs to the user who left."""
    browser = site.browser(user="ada")
    back = browser.decide(browser.leave())
    del browser.cookies["sessionid"]

    assert browser.get(back).status == 400
    assert TikTokAccount.objects.count() == 0


def test_disconnecting_tells_the_project(site: Site) -> None:
    """And the user has the account no more."""
    heard: list[Any] = []

    def hear(user: User, open_id: str, **_: object) -> None:
        heard.append((user.username, open_id))

    browser = site.browser(user="ada")
    browser.connect()
    signals.account_disconnected.connect(hear)
    browser.press("/tiktok/disconnect")
    signals.account_disconnected.disconnect(hear)

    assert heard == [("ada", site.heard[0].account.open_id)]
    assert TikTokAccount.objects.count() == 0


@pytest.fixture
def open_door(open_site: Callable[..., Site]) -> Site:
    """A project that TikTok accounts sign in to."""
    return open_site("django", SIGN_IN=True)


def test_an_account_can_sign_its_person_in(open_door: Site) -> None:
    """The first time as a new user, after that as the same; the session has a new key."""
    first, second = open_door.browser(user=None), open_door.browser(user=None)
    first.connect()
    second.connect()

    [user] = User.objects.all()
    assert user.username == f"tiktok-{open_door.heard[0].account.open_id}"
    assert not user.has_usable_password()
    assert first.shown == second.shown == open_door.heard[0].account.open_id
    assert first.cookies["sessionid"] != second.cookies["sessionid"]


def test_a_session_from_before_a_sign_in_is_worth_nothing(open_door: Site) -> None:
    """Its key changes, so whoever has planted it is left outside."""
    browser = open_door.browser(user=None)
    session = django_site.new_session()
    browser.cookies["sessionid"] = session

    browser.connect()

    assert browser.cookies["sessionid"] != session
    planted = open_door.browser(user=None)
    planted.cookies["sessionid"] = session
    assert planted.shown == "nobody"


def test_a_user_who_may_not_sign_in_does_not(open_door: Site) -> None:
    """Not by TikTok either."""
    open_door.browser(user=None).connect()
    User.objects.update(is_active=False)

    answer = open_door.browser(user=None).connect()

    assert answer.status == 400
    assert "may not sign in" in answer.text


def test_a_project_can_make_its_users_itself(open_site: Callable[..., Site]) -> None:
    """By a function of the account, or its dotted path."""
    made = open_site(
        "django",
        SIGN_IN=True,
        CREATE_USER=lambda account: User.objects.create_user("u" + account.open_id[:5]),
    )
    made.browser(user=None).connect()

    assert User.objects.get().username.startswith("u")


def test_a_project_can_have_its_own_error_page(site: Site) -> None:
    """A template of this name is rendered with the page."""
    template = {"tiktok_oauth/error.html": "<h1>{{ page.title }}</h1>{{ page.remedy }} {{ home }}"}
    loaders = [("django.template.loaders.locmem.Loader", template)]
    backend = "django.template.backends.django.DjangoTemplates"
    with override_settings(TEMPLATES=[{"BACKEND": backend, "OPTIONS": {"loaders": loaders}}]):
        answer = site.browser().get("/profile")

    assert answer.text == "<h1>TikTok wants you to allow this again</h1>connect /"
    assert answer.header("content-security-policy") == ""


def test_another_error_is_djangos(site: Site) -> None:
    """The middleware answers ours only."""
    with pytest.raises(ZeroDivisionError):
        site.browser().get("/broken")


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"VAULT": "no.such.module"}, "E002"),
        ({"VAULT": list}, "E001"),
        ({"VAULTS": None}, "E001"),
        ("text", "E001"),
        ({}, "E001"),
    ],
)
def test_a_wrong_setting_is_found_by_the_check(setting: object, said: str) -> None:
    """Before a visitor finds it; a vault needs a client with a redirect URI, among others."""
    with override_settings(TIKTOK_OAUTH=setting):
        assert [message.id for message in checks.check_settings()] == [f"tiktok_oauth.{said}"]
        assert checks.check_redirect_uri() == []


def test_a_good_setting_passes_the_check(site: Site) -> None:
    """And so does the whole project."""
    assert [m for m in run_checks() if "tiktok_oauth" in str(m.id)] == []
    assert isinstance(conf.get_vault(), TokenVault)


@pytest.mark.parametrize(
    ("path", "urls", "said", "folder"),
    [
        ("/callback", "tests.web.django_site", ["tiktok_oauth.E004"], ""),
        ("/other/callback", "tests.web.django_site", ["tiktok_oauth.E004"], "other/"),
        ("/tiktok/callback", "tiktok_oauth.web.django.urls", ["tiktok_oauth.E003"], "tiktok/"),
    ],
)
def test_views_elsewhere_than_people_come_back_to_are_found(
    site: Site, path: str, urls: str, said: list[str], folder: str
) -> None:
    """The commonest mistake of all says how to mend it."""
    vault = site.town.vault(site.town.client(redirect_uri=ORIGIN + path))
    with override_settings(TIKTOK_OAUTH={"VAULT": lambda: vault}, ROOT_URLCONF=urls):
        messages = checks.check_redirect_uri()

    assert [message.id for message in messages] == said
    assert f"path('{folder}', include(" in str(messages[0].hint)


def test_cookies_that_do_not_come_back_are_found() -> None:
    """A strict session cookie stays behind when TikTok sends the browser back."""
    with override_settings(SESSION_COOKIE_SAMESITE="Strict"):
        assert [message.id for message in checks.check_cookies()] == ["tiktok_oauth.W005"]


def test_the_migrations_are_complete() -> None:
    """The models have nothing that the tables lack."""
    with transaction.atomic():
        call_command("makemigrations", "tiktok_oauth", check=True, dry_run=True, verbosity=0)


@pytest.mark.slow
def test_the_admin_shows_accounts_and_no_token(site: Site) -> None:
    """Who has which, how it is, and nothing to change."""
    site.browser(user="ada").connect()
    User.objects.create_superuser("root")
    root = site.browser(user="root")

    page = root.get("/admin/tiktok_oauth/tiktokaccount/")
    link = TikTokAccount.objects.get()
    one = root.get(f"/admin/tiktok_oauth/tiktokaccount/{link.pk}/change/")
    site.town.do(site.vault.erase, link.account())
    gone = root.get("/admin/tiktok_oauth/tiktokaccount/")

    assert (page.status, one.status) == (200, 200)
    assert "active" in page.text
    assert "video.list" in one.text
    assert "No such account is connected." in gone.text
    assert not [token for token in site.town.issued if token in page.text + one.text]
    assert "tiktokaccount/add/" not in page.text


def command(name: str, **options: object) -> tuple[str, str]:
    """Run a management command, and return what it printed."""
    out, err = io.StringIO(), io.StringIO()
    call_command(name, stdout=out, stderr=err, **options)
    return out.getvalue(), err.getvalue()


@pytest.mark.slow
def test_accounts_are_listed_with_their_users(site: Site) -> None:
    """One a line, those of nobody as well."""
    site.browser(user="ada").connect()
    other = site.town.connect(site.vault, "ha")
    open_id = site.heard[0].account.open_id

    lines = command("tiktok_accounts")[0].splitlines()

    assert sorted(lines) == sorted([f"{open_id}\tada\tactive", f"{other.open_id}\t-\tactive"])


@pytest.mark.slow
def test_accounts_without_users_are_let_go(site: Site) -> None:
    """At TikTok too; what cannot be disconnected now stays, and so does what is new."""
    site.town.clock.advance(time.time() - NOW)
    site.browser(user="ada").connect()
    account = site.heard[0].account
    token = account.access_token()
    owned = command("tiktok_prune", older_than=0)
    User.objects.all().delete()
    new = command("tiktok_prune")
    site.town.sandbox.fault("server_error", endpoint="revoke", count=3)
    failed = command("tiktok_prune", older_than=0)
    pruned = command("tiktok_prune", older_than=0)

    assert owned == new == ("", "")
    assert failed[1].startswith(account.open_id)
    assert pruned == (f"{account.open_id}\terased\n", "")
    assert not site.town.accepts(token)
    assert list(site.vault.accounts()) == []
