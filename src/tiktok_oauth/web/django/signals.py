"""What a project can hear of; each signal says which arguments it sends."""

from __future__ import annotations

from django.dispatch import Signal

account_connected: Signal = Signal()
"""``request``, ``link`` (a ``TikTokAccount``) and ``result`` (a ``LoginResult``)."""

account_disconnected: Signal = Signal()
"""``request``, ``user`` and ``open_id``, once TikTok has revoked the access."""

webhook_received: Signal = Signal()
"""``event`` (a ``WebhookEvent``), once the vault has acted on it. TikTok repeats itself."""
