"""``TikTokAuth`` for httpx: ``httpx.Client(auth=TikTokAuth(account))``."""

from __future__ import annotations

from tiktok_oauth.transport.auth.flows import Flows

try:
    import httpx
except ImportError as _missing:
    raise ImportError("httpx is not installed: run `pip install httpx`") from _missing


class TikTokAuth(Flows, httpx.Auth):
    """Puts an account's token on requests to TikTok, and on no others.

    A request whose token TikTok refuses is made once more with a new one, unless its body was a
    stream. Give an ``Account`` to a ``Client`` and an ``AsyncAccount`` to an ``AsyncClient``.

    Args:
        account: whose token.
        base_url: the API's origin; ``TIKTOK_BASE_URL`` when not given, else TikTok's.

    Raises:
        ValidationError: the base URL cannot be right.
    """
