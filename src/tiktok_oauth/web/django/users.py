"""Whose account it is: links between accounts and the project's own users."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.conf import settings
from django.contrib import auth
from django.db import transaction
from django.utils.module_loading import import_string

from tiktok_oauth.errors import invalid_argument
from tiktok_oauth.web.django.conf import get_settings
from tiktok_oauth.web.django.models import TikTokAccount
from tiktok_oauth.web.words import not_signed_in, taken

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractUser
    from django.http import HttpRequest

    from tiktok_oauth.vault.account import Account


def create_user(account: Account) -> object:
    """A new user without a password, named after the account.

    TikTok tells no e-mail address.
    """
    # Of the manager of any user model Django asks for `create_user`; its types do not say so.
    model = cast("type[AbstractUser]", auth.get_user_model())
    return model.objects.create_user(**{model.USERNAME_FIELD: f"tiktok-{account.open_id}"[:150]})


def link_account(request: HttpRequest, account: Account) -> TikTokAccount:
    """Give an account to whoever is signed in, or sign in whoever has it.

    Raises:
        ValidationError: it is another user's.
        InvalidTokenError: nobody is signed in, and accounts sign nobody in.
    """
    with transaction.atomic():
        link = _find(account)
        if request.user.is_authenticated:
            if link is None:
                link = _make(request.user, account)
            if link.user != request.user:
                raise taken()
            return link
        if not get_settings().sign_in:
            raise not_signed_in()
        if link is None:
            link = _make(_new_user(account), account)
    if not link.user.is_active:
        raise invalid_argument("This user may not sign in.")
    # Django gives the session a new key, and empties one that was another user's.
    auth.login(request, link.user, backend=_backend())
    return link


def link_of(request: HttpRequest, open_id: str | None = None) -> TikTokAccount | None:
    """The link of the user's account of this name, else of the one that was connected last."""
    if not request.user.is_authenticated:
        return None
    links = TikTokAccount.objects.filter(user=request.user)
    return (links.filter(open_id=open_id) if open_id else links).first()


def _find(account: Account) -> TikTokAccount | None:
    return (
        TikTokAccount.objects.select_related("user")
        .filter(client_key=account.client_key, open_id=account.open_id)
        .first()
    )


def _make(user: object, account: Account) -> TikTokAccount:
    """A link, or the one that somebody else has made meanwhile."""
    link, _ = TikTokAccount.objects.get_or_create(
        client_key=account.client_key, open_id=account.open_id, defaults={"user": user}
    )
    return link


def _new_user(account: Account) -> object:
    make = get_settings().create_user
    return (import_string(make) if isinstance(make, str) else make)(account)


def _backend() -> str:
    """The backend that a session names: of several, the first."""
    return str(settings.AUTHENTICATION_BACKENDS[0])
