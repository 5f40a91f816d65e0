"""Which user has connected which account. Tokens are in the vault, and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models

from tiktok_oauth.web.django.conf import get_vault
from tiktok_oauth.web.flow import Visitor

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.base_user import AbstractBaseUser

    from tiktok_oauth.vault.account import Account


class TikTokAccount(models.Model):
    """A user's TikTok account. A user may have several; an account has one user."""

    user: models.ForeignKey[AbstractBaseUser, AbstractBaseUser] = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="tiktok_accounts"
    )
    client_key: models.CharField[str, str] = models.CharField(
        "client key", max_length=64, editable=False
    )
    open_id: models.CharField[str, str] = models.CharField(
        "open_id", max_length=255, editable=False
    )
    connected_at: models.DateTimeField[datetime, datetime] = models.DateTimeField(auto_now_add=True)

    class Meta:
        """Newest first."""

        verbose_name: str = "TikTok account"
        ordering: tuple[str, ...] = ("-connected_at", "-pk")
        constraints: ClassVar[list[models.UniqueConstraint]] = [
            models.UniqueConstraint(fields=["client_key", "open_id"], name="tiktok_oauth_account")
        ]

    def __str__(self) -> str:
        return self.open_id

    @property
    def visitor(self) -> Visitor:
        """Which account it is."""
        return Visitor(self.client_key, self.open_id)

    def account(self) -> Account:
        """The account itself, with its tokens.

        Raises:
            ValidationError: the vault does not know it.
            StoreError: the store cannot be read.
        """
        return get_vault().account(self.open_id, client_key=self.client_key)
