"""The admin's page of accounts: who has which, and how it is. It shows no token."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.contrib import admin

from tiktok_oauth.errors import TikTokAPIError
from tiktok_oauth.web.django.models import TikTokAccount

if TYPE_CHECKING:
    from django.http import HttpRequest

    _Admin = admin.ModelAdmin[TikTokAccount]
else:
    # Which model it is for can be said to type checkers only.
    _Admin = admin.ModelAdmin


@admin.register(TikTokAccount)
class TikTokAccountAdmin(_Admin):
    """Accounts are connected by their people, so there is nothing to add and to change."""

    list_display: tuple[str, ...] = (
        "open_id",
        "user",
        "status",
        "scopes",
        "connected_at",
    )
    list_select_related: ClassVar[tuple[str, ...]] = ("user",)
    readonly_fields: ClassVar[tuple[str, ...]] = (
        "user",
        "client_key",
        "open_id",
        "status",
        "scopes",
        "connected_at",
    )
    search_fields: ClassVar[tuple[str, ...]] = ("open_id",)

    def has_add_permission(self, _request: HttpRequest) -> bool:
        """Nobody adds one here."""
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: object = None) -> bool:
        """Nobody changes one here."""
        return False

    @admin.display
    def status(self, link: TikTokAccount) -> str:
        """What can be done with it, and why if that is little."""
        try:
            state = link.account().state
        except TikTokAPIError as error:
            return error.message
        return f"{state.status} ({state.reason})" if state.reason else state.status

    @admin.display
    def scopes(self, link: TikTokAccount) -> str:
        """What the person granted."""
        try:
            return ", ".join(sorted(link.account().scopes))
        except TikTokAPIError:
            return ""
