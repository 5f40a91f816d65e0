"""The app, as Django sees it."""

from __future__ import annotations

from django.apps import AppConfig
from django.core.checks import Tags, register


class TikTokConfig(AppConfig):
    """TikTok accounts of the project's users."""

    name: str = "tiktok_oauth.web.django"
    label: str = "tiktok_oauth"
    verbose_name: str = "TikTok"
    default_auto_field: str = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have the settings checked, and read anew when a test changes them."""
        from django.test.signals import setting_changed  # noqa: PLC0415 - once Django is ready

        from tiktok_oauth.web.django import checks, conf  # noqa: PLC0415 - as above

        register(checks.check_settings, Tags.security)
        register(checks.check_redirect_uri, Tags.urls)
        register(checks.check_cookies, Tags.security)
        setting_changed.connect(conf.forget)
