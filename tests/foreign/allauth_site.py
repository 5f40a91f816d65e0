"""django-allauth's TikTok provider in a whole site, which answers questions in lines of JSON."""

from __future__ import annotations

import json
import os
import sys
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import django
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from django.test.utils import setup_test_environment
from django.urls import include, path

SITE = urlsplit(os.environ["SITE"])
SANDBOX = os.environ["TIKTOK_BASE_URL"]

settings.configure(
    ALLOWED_HOSTS=[SITE.hostname],
    AUTHENTICATION_BACKENDS=["allauth.account.auth_backends.AuthenticationBackend"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.messages",
        "django.contrib.sessions",
        "allauth",
        "allauth.account",
        "allauth.socialaccount",
        "allauth.socialaccount.providers.tiktok",
    ],
    LOGIN_REDIRECT_URL="/home",
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "allauth.account.middleware.AccountMiddleware",
    ],
    ROOT_URLCONF=__name__,
    SECRET_KEY="a secret of the site's own",
    SOCIALACCOUNT_LOGIN_ON_GET=True,
    SOCIALACCOUNT_PROVIDERS={
        "tiktok": {
            "APPS": [
                {
                    "client_id": os.environ["TIKTOK_CLIENT_KEY"],
                    "secret": os.environ["TIKTOK_CLIENT_SECRET"],
                }
            ],
            **json.loads(os.environ["OPTIONS"]),
        }
    },
    SOCIALACCOUNT_STORE_TOKENS=True,
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
        }
    ],
    USE_TZ=True,
)
django.setup()

# These are models and views: they can be imported once Django knows its settings.
from allauth.socialaccount.models import SocialAccount, SocialToken  # type: ignore[import-untyped]  # noqa: E402
from allauth.socialaccount.providers.tiktok.views import (  # type: ignore[import-untyped]  # noqa: E402
    TikTokOAuth2Adapter,
)

TikTokOAuth2Adapter.authorize_url = f"{SANDBOX}/v2/auth/authorize/"
TikTokOAuth2Adapter.access_token_url = f"{SANDBOX}/v2/oauth/token/"
TikTokOAuth2Adapter.profile_url = f"{SANDBOX}/v2/user/info/"

urlpatterns = [path("accounts/", include("allauth.urls"))]


class Browser:
    """A person's browser in front of the site."""

    def __init__(self) -> None:
        self._client = Client(headers={"host": SITE.netloc})

    def authorize(self) -> str:
        """Press the button, and return where it leads."""
        return str(self._get("/accounts/tiktok/login/")["Location"])

    def exchange(self, callback: str) -> dict[str, str]:
        """Come back from TikTok, and return where the site sends us next, or what went wrong."""
        response = self._get(callback)
        if response.status_code == HTTPStatus.FOUND:
            return {"location": response["Location"]}
        return {"exception": str(response.context["auth_error"]["exception"])}

    def account(self) -> dict[str, Any]:
        """Return what the site keeps of the person and their tokens."""
        account, token = SocialAccount.objects.get(), SocialToken.objects.get()
        return {
            "uid": account.uid,
            "name": account.get_provider_account().to_str(),
            "profile": account.extra_data,
            "access_token": token.token,
            "refresh_token": token.token_secret,
        }

    def _get(self, address: str) -> Any:  # noqa: ANN401 - Django has no name for it
        return self._client.get(address, secure=SITE.scheme == "https")


def main() -> None:
    """Answer until nobody asks."""
    setup_test_environment()
    call_command("migrate", verbosity=0)
    browser = Browser()
    for line in sys.stdin:
        question = json.loads(line)
        value = getattr(browser, question["call"])(**question["given"])
        print(json.dumps({"value": value}), flush=True)  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
