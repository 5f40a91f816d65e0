"""TikTok's webhooks: proven, written down, acted upon, and handed on."""
