"""A Django project in one file: users connect TikTok accounts, and the admin lists them.

    $ pip install "tiktok-oauth[django]"
    $ export SECRET_KEY=$(python -c "import secrets; print(secrets.token_urlsafe(32))")
    $ python django_app.py migrate
    $ python django_app.py runserver 8000

It needs TIKTOK_CLIENT_KEY, TIKTOK_CLIENT_SECRET, a TIKTOK_REDIRECT_URI such as
http://127.0.0.1:8000/tiktok/callback and a TIKTOK_OAUTH_DATABASE_URL for the tokens. Here a TikTok
account also signs its person in; leave SIGN_IN out where only users of yours may connect one.
"""

from __future__ import annotations

import os
import sys

import django
from django.conf import settings
from django.core.management import execute_from_command_line
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import include, path

settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": os.environ.get("SITE_DATABASE", "site.db"),
        }
    },
    INSTALLED_APPS=[
        "django.contrib.admin",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.messages",
        "django.contrib.sessions",
        "tiktok_oauth.web.django",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "tiktok_oauth.web.django.middleware.TikTokErrorMiddleware",
    ],
    ROOT_URLCONF=__name__,
    SECRET_KEY=os.environ["SECRET_KEY"],
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
    TIKTOK_OAUTH={"SIGN_IN": True, "SCOPES": ["user.info.basic"]},
    USE_TZ=True,
)
django.setup()

# These want Django to know its settings.
from django.contrib import admin  # noqa: E402 - as above

from tiktok_oauth.web.django.views import current_account  # noqa: E402 - as above

PAGE = """
<!doctype html><title>My site</title><h1>Hello{% if name %}, {{ name }}{% endif %}</h1>
<form method="post" action="{% url action %}">{% csrf_token %}<button>{{ button }}</button></form>
"""


def home(request: HttpRequest) -> HttpResponse:
    """A button to connect, or who is connected and a button to disconnect."""
    account = current_account(request)
    if account is None:
        shown = {"action": "tiktok_oauth:login", "button": "Connect TikTok"}
    else:
        name = account.user_info(["display_name"]).display_name
        shown = {"action": "tiktok_oauth:disconnect", "button": "Disconnect", "name": name}
    return HttpResponse(engines["django"].from_string(PAGE).render(shown, request))


urlpatterns = [
    path("", home),
    path("admin/", admin.site.urls),
    path("tiktok/", include("tiktok_oauth.web.django.urls")),
]

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
