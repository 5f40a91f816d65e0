"""The table of users' accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

if TYPE_CHECKING:
    from django.db.migrations.operations.base import Operation


class Migration(migrations.Migration):
    """Makes it."""

    initial: ClassVar[bool] = True
    dependencies: ClassVar[list[tuple[str, str]]] = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL)
    ]
    operations: ClassVar[list[Operation]] = [
        migrations.CreateModel(
            name="TikTokAccount",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "client_key",
                    models.CharField(editable=False, max_length=64, verbose_name="client key"),
                ),
                (
                    "open_id",
                    models.CharField(editable=False, max_length=255, verbose_name="open_id"),
                ),
                ("connected_at", models.DateTimeField(auto_now_add=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tiktok_accounts",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={"verbose_name": "TikTok account", "ordering": ("-connected_at", "-pk")},
        ),
        migrations.AddConstraint(
            model_name="tiktokaccount",
            constraint=models.UniqueConstraint(
                fields=("client_key", "open_id"), name="tiktok_oauth_account"
            ),
        ),
    ]
