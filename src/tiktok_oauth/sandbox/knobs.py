"""What can be set: lifetimes, and how the sandbox behaves where TikTok's documents leave a choice.

Every default is what TikTok documents since November 2026, or was seen to do.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from msgspec import Meta, ValidationError, convert

from tiktok_oauth.errors import invalid_argument

if TYPE_CHECKING:
    from collections.abc import Mapping

Rotation: TypeAlias = Literal["strict", "family", "leeway", "grace", "none"]
RefreshExpiry: TypeAlias = Literal["absolute", "sliding"]
ErrorStatus: TypeAlias = Literal["200", "rfc"]
PkceRule: TypeAlias = Literal["lenient", "tiktok", "strict"]
ScopeOrder: TypeAlias = Literal["server", "asked"]

# A century: longer lifetimes would leave the calendar when the clock is moved.
Seconds: TypeAlias = Annotated[int, Meta(ge=1, le=3_155_760_000)]


@dataclass(frozen=True, slots=True)
class Knobs:
    """How the sandbox behaves; lifetimes in seconds.

    Attributes:
        access_ttl: how long an access token lives.
        refresh_ttl: how long a grant lives.
        code_ttl: how long an authorization code lives. TikTok documents nothing; five minutes is
            what people report.
        client_ttl: how long a client access token lives.
        qr_ttl: how long a QR code can be scanned. TikTok documents nothing.
        rotation: what becomes of a refresh token that was used. ``strict``: it is dead.
            ``family``: sending it again ends the whole grant. ``leeway``: it works for some more
            seconds. ``grace``: it works until its successor is used. ``none``: the answer holds
            the same one again.
        leeway: the seconds of ``leeway``.
        refresh_expiry: ``absolute`` counts from the consent, however often it is refreshed;
            ``sliding`` from the last refresh.
        old_access_dies: whether a refresh ends the access tokens before it.
        oauth_error_status: ``200`` as TikTok was seen to do, or 400 and 401 as in RFC 6749.
        pkce: ``tiktok`` needs a hex challenge on desktop redirects, and says so at the exchange.
            ``lenient`` takes RFC 7636's base64url as well and never insists. ``strict`` also
            checks the verifier's form, and refuses a method on web redirects.
        scope_order: granted scopes in the server's order, or as they were asked for.
        auto_approve: send the browser back at once, with everything allowed.
        rate_limit: data calls a minute, for each app and endpoint; 0 lifts every limit.
        webhook_time_renewed: whether a repeated webhook is signed anew, with the time of then.
    """

    access_ttl: Seconds = 7_200
    refresh_ttl: Seconds = 15_552_000
    code_ttl: Seconds = 300
    client_ttl: Seconds = 7_200
    qr_ttl: Seconds = 300
    rotation: Rotation = "strict"
    leeway: Seconds = 30
    refresh_expiry: RefreshExpiry = "absolute"
    old_access_dies: bool = False
    oauth_error_status: ErrorStatus = "200"
    pkce: PkceRule = "tiktok"
    scope_order: ScopeOrder = "server"
    auto_approve: bool = False
    rate_limit: Annotated[int, Meta(ge=0, le=1_000_000)] = 600
    webhook_time_renewed: bool = True


PROFILES: Mapping[str, Knobs] = MappingProxyType(
    {
        "2026": Knobs(),
        "2025": Knobs(access_ttl=86_400, refresh_ttl=31_536_000),
    }
)
"""What TikTok documents since November 2026, and what it did before."""


def turn(knobs: Knobs, changes: Mapping[str, object], *, strict: bool = True) -> Knobs:
    """Return the knobs with some of them changed.

    Args:
        knobs: how they stand.
        changes: knob -> what to set it to.
        strict: whether numbers have to be numbers; text will do for a command line.

    Raises:
        ValidationError: there is no such knob, or it cannot be set to this.
    """
    settings = asdict(knobs)
    if unknown := sorted(changes.keys() - settings.keys()):
        raise invalid_argument(
            f"{unknown[0]!r} is no knob.", f"There are {', '.join(sorted(settings))}."
        )
    try:
        return convert(settings | dict(changes), Knobs, strict=strict)
    except ValidationError as wrong:
        message = str(wrong)
    raise invalid_argument(message)
