"""``manage.py tiktok_prune``: lets go of accounts whose users are gone."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from django.core.management.base import BaseCommand

from tiktok_oauth.errors import TikTokAPIError
from tiktok_oauth.web.django.conf import get_vault
from tiktok_oauth.web.django.models import TikTokAccount

if TYPE_CHECKING:
    from django.core.management.base import CommandParser


class Command(BaseCommand):
    """Disconnects, at TikTok too, and erases what belongs to nobody."""

    help = "Disconnect and erase the TikTok accounts that no user has any more."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take one option."""
        parser.add_argument(
            "--older-than",
            type=float,
            default=3_600.0,
            metavar="SECONDS",
            help="leave what was connected later: its user may not be known yet (default: 3600)",
        )

    def handle(self, *_: object, older_than: float, **__: object) -> None:
        """Do it; what cannot be disconnected now stays for the next time."""
        vault = get_vault()
        owned = set(TikTokAccount.objects.values_list("client_key", "open_id"))
        for account in vault.accounts():
            is_new = time.time() - account.state.connected_at < older_than
            if is_new or (account.client_key, account.open_id) in owned:
                continue
            try:
                account.disconnect()
            except TikTokAPIError as error:
                self.stderr.write(f"{account.open_id}\t{error}")
                continue
            vault.erase(account)
            self.stdout.write(f"{account.open_id}\terased")
