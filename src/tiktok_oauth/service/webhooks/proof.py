"""Who signed a webhook, of all the apps we have: nothing of it is read before that is known."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from tiktok_oauth.protocol.webhook import check_age, check_body, check_signature, read_event

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tiktok_oauth.service.registry.rows import Signature
    from tiktok_oauth.service.settings import AppSettings
    from tiktok_oauth.types import Secret, WebhookEvent

OLDEST = 73 * 3600.0
"""Seconds that a webhook may be old: TikTok repeats one for 72 hours, and nobody says whether a
repetition is signed anew."""
LATE = 300.0
"""Seconds after which a webhook can be no first attempt."""


class Signer(NamedTuple):
    """A secret that webhooks may be signed with."""

    client_key: str
    which: Signature
    secret: Secret


class Proven(NamedTuple):
    """A webhook that was signed by one of our apps' secrets, not yet read."""

    signer: Signer
    signed_at: int
    body: bytes

    @property
    def digest(self) -> bytes:
        """The same for every repetition, whenever that was signed."""
        return hashlib.sha256(self.body).digest()

    def is_late(self, now: float) -> bool:
        """Whether it is a repetition, or was on its way for long."""
        return now - self.signed_at > LATE

    def read(self) -> WebhookEvent:
        """What it says.

        Raises:
            ValidationError: it is no event.
        """
        return read_event(self.body, self.signed_at)


def signers_of(apps: Iterable[AppSettings]) -> tuple[Signer, ...]:
    """All secrets of all apps."""
    found: list[Signer] = []
    for app in apps:
        found.append(Signer(app.client_key, "current", app.client_secret))
        if app.client_secret_previous is not None:
            found.append(Signer(app.client_key, "previous", app.client_secret_previous))
    return tuple(found)


def prove(
    headers: Iterable[tuple[str, str]], body: bytes, signers: Sequence[Signer], now: float
) -> Proven:
    """A webhook whose signature is good, and of lately.

    Args:
        headers: all of the request's, each as often as it came.
        body: the raw body.
        signers: see ``signers_of``.
        now: Unix seconds by TikTok's clock.

    Raises:
        ValidationError: TikTok did not sign it for any of our apps, or long ago.
    """
    raw = check_body(body)
    signed_at, place = check_signature(headers, raw, [signer.secret for signer in signers])
    check_age(signed_at, now, OLDEST)
    return Proven(signers[place], signed_at, raw)
