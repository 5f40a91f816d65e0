"""Every text of the pages, in English, a module for each page. Templates hold none of their own."""

from __future__ import annotations

from tiktok_oauth.service.words import (
    account,
    accounts,
    common,
    connect,
    dashboard,
    errors,
    events,
    keys,
    scopes,
    settings,
    signin,
    statuses,
    webhooks,
)

__all__ = [
    "account",
    "accounts",
    "common",
    "connect",
    "dashboard",
    "errors",
    "events",
    "keys",
    "scopes",
    "settings",
    "signin",
    "statuses",
    "webhooks",
]
