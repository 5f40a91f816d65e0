"""``manage.py tiktok_accounts``: every account, whose it is, and how it is."""

from __future__ import annotations

from django.core.management.base import BaseCommand

from tiktok_oauth.web.django.conf import get_vault
from tiktok_oauth.web.django.models import TikTokAccount


class Command(BaseCommand):
    """Lists accounts, one a line."""

    help = "List the TikTok accounts of the vault: open_id, user, status."

    def handle(self, *_: object, **__: object) -> None:
        """Do it."""
        owners = {
            (link.client_key, link.open_id): str(link.user)
            for link in TikTokAccount.objects.select_related("user")
        }
        for account in get_vault().accounts():
            owner = owners.get((account.client_key, account.open_id), "-")
            self.stdout.write(f"{account.open_id}\t{owner}\t{account.status}")
