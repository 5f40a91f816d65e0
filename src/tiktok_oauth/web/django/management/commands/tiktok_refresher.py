"""``manage.py tiktok_refresher``: keeps the project's accounts alive until it is stopped."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from django.core.management.base import BaseCommand

from tiktok_oauth.vault.fleet.refresher import Refresher
from tiktok_oauth.web.django.conf import get_vault

if TYPE_CHECKING:
    from django.core.management.base import CommandParser


class Command(BaseCommand):
    """Runs a ``Refresher`` over the project's vault."""

    help = "Refresh TikTok tokens before they end. One process is enough; several do no harm."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take one option."""
        parser.add_argument(
            "--keep-warm",
            action="store_true",
            help="also before access tokens end, so that nobody ever waits for a refresh",
        )

    def handle(self, *_: object, keep_warm: bool, **__: object) -> None:
        """Do it."""
        refresher = Refresher(get_vault(), "keep_warm" if keep_warm else "on_demand")
        signal.signal(signal.SIGTERM, lambda *_: refresher.stop())
        self.stdout.write("Refreshing. Ctrl-C stops it.")
        self.stdout.flush()
        refresher.run()
