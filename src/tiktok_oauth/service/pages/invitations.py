"""Invitations: links by which somebody else connects an account, signed and good for a while."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tiktok_oauth.errors import invalid_argument
from tiktok_oauth.service.signin.signing import Signed, Signer

if TYPE_CHECKING:
    from collections.abc import Callable

    from tiktok_oauth.service.settings import ServiceSettings
    from tiktok_oauth.types import Secret

DAY = 86_400.0
LONGEST_LIFETIME = 30 * DAY
RECONNECT_LIFETIME = 7 * DAY
RETURN_PATH = "/connect/return"
_LONGEST_NAME = 255
_LONGEST_NEXT = 1_024
_WRITTEN = re.compile(r"[\x21-\x5b\x5d-\x7e]+")


class Invitation(Signed, frozen=True, kw_only=True):
    """What somebody is invited to.

    Attributes:
        client_key: the app.
        scopes: what to ask for; the app's own when empty.
        user_id: the inviting program's name for the person.
        next_url: where to go afterwards.
        open_id: connect this account again, and no other.
    """

    client_key: str
    scopes: tuple[str, ...] = ()
    user_id: str | None = None
    next_url: str | None = None
    open_id: str | None = None


class Return(Signed, frozen=True, kw_only=True):
    """A place outside that a login leads to afterwards."""

    url: str


@dataclass(frozen=True, slots=True)
class InvitationLink:
    """A link to send. ``expires_at`` is in Unix seconds."""

    url: str
    expires_at: float


def make_invitation(
    settings: ServiceSettings,
    key: Secret,
    invitation: Invitation,
    *,
    clock: Callable[[], float] = time.time,
) -> InvitationLink:
    """The link for an invitation.

    Raises:
        ValidationError: the app is not ours, ``next_url`` leads to a stranger, ``user_id`` is
            no name, or it is to last longer than thirty days.
    """
    if settings.app(invitation.client_key) is None:
        raise invalid_argument("No app of this service has that client_key.")
    if invitation.next_url is not None:
        check_next(settings, invitation.next_url)
    if invitation.user_id is not None and not _is_name(invitation.user_id):
        raise invalid_argument("user_id must be a printable string of 1 to 255 characters.")
    if not 0 < invitation.until - clock() <= LONGEST_LIFETIME:
        raise invalid_argument("An invitation is good for some time, and for thirty days at most.")
    signed = Signer(key, Invitation, clock=clock).sign(invitation)
    return InvitationLink(f"{settings.public_url}/connect/{signed}", invitation.until)


def reconnect_link(
    settings: ServiceSettings,
    key: Secret,
    account: tuple[str, str],
    user_id: str | None,
    *,
    clock: Callable[[], float] = time.time,
) -> InvitationLink:
    """The link by which an account's owner brings it back.

    ``account`` is its client key and open_id, ``user_id`` the program's name for the owner.

    Raises:
        ValidationError: the app is not ours.
    """
    client_key, open_id = account
    invitation = Invitation(
        until=clock() + RECONNECT_LIFETIME, client_key=client_key, user_id=user_id, open_id=open_id
    )
    return make_invitation(settings, key, invitation, clock=clock)


def check_next(settings: ServiceSettings, url: str) -> None:
    """Judge where a login may lead: a path of ours, or an origin that the settings name.

    Raises:
        ValidationError: it may not lead there.
    """
    if len(url) > _LONGEST_NEXT or not _WRITTEN.fullmatch(url) or not _is_allowed(settings, url):
        raise invalid_argument(
            "next_url must be a path, or begin with one of the service's return addresses.",
            "Add its origin to the settings: return_origins.",
        )


def next_path(settings: ServiceSettings, key: Secret, url: str | None, until: float) -> str | None:
    """The path of ours that a login leads to, and that leads on where it is to end.

    Raises:
        ValidationError: the settings no longer allow it.
    """
    if url is None:
        return None
    check_next(settings, url)
    if url.startswith("/"):
        return url
    return f"{RETURN_PATH}/{Signer(key, Return).sign(Return(until=until, url=url))}"


def _is_allowed(settings: ServiceSettings, url: str) -> bool:
    if url.startswith("/"):
        # Browsers take // for a host, whoever decodes or shortens the path before them.
        path = re.split(r"[?#]", url, maxsplit=1)[0]
        return "//" not in path and "%" not in path and ".." not in path
    # Compared as text: what a parser makes of a strange address does not matter then.
    origins = (origin.rstrip("/") for origin in settings.return_origins)
    return any(url == origin or url.startswith(_ends(origin)) for origin in origins)


def _ends(origin: str) -> tuple[str, ...]:
    return (f"{origin}/", f"{origin}?", f"{origin}#")


def _is_name(user_id: str) -> bool:
    return 0 < len(user_id) <= _LONGEST_NAME and user_id.isprintable()
