"""TikTok accounts for Django: add ``tiktok_oauth.web.django`` to ``INSTALLED_APPS``."""
