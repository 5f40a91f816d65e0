"""A Django project with TikTok accounts, in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import django
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.test.utils import override_settings
from django.urls import include, path

from tests.web.browser import Answer, Browser, Site, make_client

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.vault import Town

if not settings.configured:
    settings.configure(
        ALLOWED_HOSTS=["app.example.com"],
        CSRF_TRUSTED_ORIGINS=[],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        INSTALLED_APPS=[
            "django.contrib.admin",
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.messages",
            "django.contrib.sessions",
            "tiktok_oauth.web.django",
        ],
        LOGIN_URL="/sign-in/",
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
            "tiktok_oauth.web.django.middleware.TikTokErrorMiddleware",
        ],
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        ROOT_URLCONF=__name__,
        SECRET_KEY="a secret of the site's own",
        STATIC_URL="/static/",
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        "django.contrib.auth.context_processors.auth",
                        "django.contrib.messages.context_processors.messages",
                        "django.template.context_processors.request",
                    ]
                },
            }
        ],
        USE_TZ=True,
    )
    django.setup()

# These are models and views: they can be imported once Django knows its settings.
from django.contrib import admin
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.core.management import call_command
from django.db import connection, transaction
from django.middleware.csrf import get_token

from tiktok_oauth.web.django import signals
from tiktok_oauth.web.django.views import current_account
from tiktok_oauth.web.words import not_connected


def home(request: HttpRequest) -> HttpResponse:
    """Show who is here."""
    account = current_account(request)
    token = get_token(request)
    shown = account.open_id if account else "nobody"
    field = f'<input type="hidden" name="csrfmiddlewaretoken" value="{token}">'
    return HttpResponse(f"<form>{field}</form><b>{shown}</b>")


def profile(request: HttpRequest) -> HttpResponse:
    """Call TikTok."""
    account = current_account(request)
    if account is None:
        raise not_connected()
    user = account.user_info(request.GET.get("fields", "display_name"))
    return HttpResponse(user.display_name or "")


def broken(_: HttpRequest) -> HttpResponse:
    """Fail in a way of its own."""
    raise ZeroDivisionError


def new_session() -> str:
    """The key of a session that somebody has prepared."""
    store = SessionStore()
    store["planted"] = True
    store.save()
    return str(store.session_key)


urlpatterns = [
    path("", home),
    path("broken", broken),
    path("profile", profile),
    path("admin/", admin.site.urls),
    path("tiktok/", include("tiktok_oauth.web.django.urls")),
]


class DjangoBrowser(Browser):
    """A browser over Django's test client, where somebody has signed in."""

    def __init__(self, town: Town, user: str | None = "ada") -> None:
        super().__init__(town)
        self._client = Client(enforce_csrf_checks=True)
        if user is not None:
            self.sign_in(user)

    def sign_in(self, user: str) -> None:
        """Sign in to the site, as another user perhaps."""
        self._client.cookies.clear()
        self._client.force_login(User.objects.get_or_create(username=user)[0])
        self.cookies |= {name: morsel.value for name, morsel in self._client.cookies.items()}

    def send(self, method: str, url: str, headers: dict[str, str], body: bytes) -> Answer:
        """Make one request."""
        self._client.cookies.load(headers.pop("cookie", ""))
        kind = headers.pop("content-type", "application/octet-stream")
        self._client.cookies.clear()
        for name, value in self.cookies.items():
            self._client.cookies[name] = value
        path = url.removeprefix("https://app.example.com")
        response = self._client.generic(
            method, path, body, content_type=kind, headers=headers, secure=True
        )
        cookies = [("Set-Cookie", m.OutputString()) for m in response.cookies.values()]
        text = response.content.decode()
        return Answer(response.status_code, [*response.items(), *cookies], text)


def database() -> None:
    """Make the tables, unless they are there."""
    if "tiktok_oauth_tiktokaccount" not in connection.introspection.table_names():
        call_command("migrate", verbosity=0)


def open_site(town: Town, **options: Any) -> Iterator[Site]:  # noqa: ANN401 - any of the setting's
    """Put the project before a town, for one test."""
    vault = town.vault(make_client(town))
    site = Site("django", town, vault, lambda **more: DjangoBrowser(town, **more))

    def hear_login(result: object, **_: object) -> None:
        site.heard.append(result)

    def hear_webhook(event: object, **_: object) -> None:
        site.heard.append(event)

    database()
    signals.account_connected.connect(hear_login)
    signals.webhook_received.connect(hear_webhook)
    chosen = {"VAULT": lambda: vault} | options
    with override_settings(TIKTOK_OAUTH=chosen), transaction.atomic():
        yield site
        transaction.set_rollback(True)
    signals.account_connected.disconnect(hear_login)
    signals.webhook_received.disconnect(hear_webhook)
