"""What the service was told, and how it is shown."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.service.site import app_settings, settings_for
from tiktok_oauth import ValidationError
from tiktok_oauth.service.settings import ServiceSettings, without_password
from tiktok_oauth.types import Secret

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def settings(tmp_path: Path) -> ServiceSettings:
    """A service on this machine, with every secret there is."""
    return replace(
        settings_for(tmp_path, "postgresql://me:the-password@db/tokens?sslmode=require"),
        apps=(replace(app_settings(), client_secret_previous=Secret("the-previous")),),
        password_hash=Secret("the-hash"),
        webhook_relay_secret=Secret("the-relay-secret"),
        metrics_token=Secret("the-metrics-token"),
    )


def test_settings_are_shown_without_secrets(settings: ServiceSettings) -> None:
    """The page and the check say of each whether it is set, and no more."""
    shown = dict(line for _, lines in settings.masked() for line in lines)

    assert shown["Client secret"] == shown["Password"] == shown["Relay secret"] == "set"
    assert shown["Database"] == "postgresql://me@db/tokens"
    secret = settings.apps[0].client_secret.reveal()
    for text in (str(settings.masked()), repr(settings)):
        assert secret not in text
        assert not [word for word in text.split("'") if word.startswith("the-")]


def test_a_repr_shows_no_database_password(settings: ServiceSettings) -> None:
    """Settings can be in a traceback."""
    assert "the-password" not in repr(settings)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sqlite:////var/lib/tokens.db", "sqlite:////var/lib/tokens.db"),
        ("postgresql://db/tokens", "postgresql://db/tokens"),
        ("postgresql://me:p%40w@db:5432/tokens?password=x", "postgresql://me@db:5432/tokens"),
    ],
)
def test_a_database_is_shown_without_its_password(url: str, shown: str) -> None:
    """Its place stays readable."""
    assert without_password(url) == shown


def test_against_tiktok_pictures_come_by_https_only(settings: ServiceSettings) -> None:
    """No sandbox, no exception in the policy."""
    real = replace(settings, base_url="https://open.tiktokapis.com")

    assert not real.is_sandbox
    assert "img-src 'self' data: https:;" in real.content_security_policy
    assert "img-src 'self' data: https: http://127.0.0.1:4010;" in settings.content_security_policy


@pytest.mark.parametrize("path", ["", "/", "/connect", "/accounts/x", "/healthz", "/api"])
def test_a_callback_hides_no_page(settings: ServiceSettings, path: str) -> None:
    """A redirect URI whose path is taken is refused with the mend."""
    app = replace(settings.apps[0], redirect_uri=f"http://localhost:8000{path}")

    with pytest.raises(ValidationError, match="page of the service") as caught:
        replace(settings, apps=(app,))
    assert "/callback" in caught.value.hint


def test_a_service_has_an_app(settings: ServiceSettings) -> None:
    """Without one there is nothing to connect to."""
    with pytest.raises(ValidationError, match="no app"):
        replace(settings, apps=())
