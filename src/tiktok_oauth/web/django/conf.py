"""The ``TIKTOK_OAUTH`` setting, and the vault that it describes."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.module_loading import import_string

from tiktok_oauth.client import TikTokOAuth
from tiktok_oauth.errors import invalid_argument
from tiktok_oauth.vault.vault import TokenVault
from tiktok_oauth.web.desks import Desk
from tiktok_oauth.web.flow import Address
from tiktok_oauth.web.stories import LoginSettings, Stories

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tiktok_oauth.vault.account import Account

NAME = "TIKTOK_OAUTH"


@dataclass(frozen=True, slots=True)
class Settings:
    """What a project may set, in upper case; everything has a default.

    Attributes:
        vault: a function that makes the vault, or its dotted path; by default there is one of
            ``TikTokOAuth()``, and everything is read from the environment.
        scopes: what to ask for; the client's default when None.
        client_key: which app, when the vault has several.
        home: where people go when a login named no other place.
        sign_in: whether a TikTok account signs its person in; else only a user who has signed in
            already may connect one.
        create_user: a function of an ``Account``, or its dotted path, that makes the user for an
            account nobody has connected yet.
        webhook_max_age: seconds since TikTok signed a webhook; None takes any age.
    """

    vault: Callable[[], TokenVault] | str | None = None
    scopes: Sequence[str] | str | None = None
    client_key: str | None = None
    home: str = "/"
    sign_in: bool = False
    create_user: Callable[[Account], object] | str = "tiktok_oauth.web.django.users.create_user"
    webhook_max_age: float | None = 300.0


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The project's settings.

    Raises:
        ValidationError: one of them is not known.
    """
    given = getattr(settings, NAME, {})
    if not isinstance(given, dict):
        raise invalid_argument(f"{NAME} must be a dictionary.")
    known = {field.name.upper(): field.name for field in fields(Settings)}
    unknown = sorted(str(name) for name in given if name not in known)
    if unknown:
        raise invalid_argument(
            f"{NAME} has {', '.join(unknown)}, which is no setting.",
            f"There are {', '.join(known)}.",
        )
    return Settings(**{known[name]: value for name, value in given.items()})


@lru_cache(maxsize=1)
def get_vault() -> TokenVault:
    """The project's vault: one for each process, also after a fork.

    Raises:
        ValidationError: a setting is wrong.
    """
    make = get_settings().vault
    if make is None:
        return TokenVault(TikTokOAuth())
    vault = (import_string(make) if isinstance(make, str) else make)()
    if not isinstance(vault, TokenVault):
        raise invalid_argument(f"{NAME}['VAULT'] must make a TokenVault.")
    return vault


@lru_cache(maxsize=1)
def get_stories() -> Stories[Account]:
    """What the project does about logins."""
    wanted = get_settings()
    login = LoginSettings(
        get_address(),
        scopes=wanted.scopes,
        client_key=wanted.client_key,
        home=wanted.home,
        webhook_max_age=wanted.webhook_max_age,
    )
    return Stories(Desk(get_vault()), login)


def get_address() -> Address:
    """Where the project's logins live.

    Raises:
        ValidationError: the redirect URI has no path of its own.
        InvalidCredentialsError: the client's redirect URI cannot be right.
    """
    return Address(get_vault().redirect_uri(get_settings().client_key))


def forget(*, setting: str, **_: object) -> None:
    """Read everything anew, after a test has changed the setting."""
    if setting == NAME:
        for cached in (get_settings, get_vault, get_stories):
            cached.cache_clear()
