"""Frozen public values, with TikTok's own field names.

Token and verifier fields are plain ``str``, because they go straight into a header or a
database; ``repr`` and ``str`` of the values mask them. Inside the house they travel as
``Secret``.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - get_type_hints() must work on public types
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Literal, NoReturn, Protocol
from urllib.parse import quote_plus

from tiktok_oauth.errors import TikTokErrorCode  # noqa: TC001 - as above

JsonValue = None | bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"]
JsonObject = dict[str, JsonValue]


class Secret:
    """Text that no log, repr, traceback or pickle shows. ``reveal()`` is the only way in."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The text itself. Keep it out of local variables: tracebacks print those."""
        return self._value

    def cover(self, text: str) -> str:
        """A text with this secret replaced by ``***``, plain or as a form encodes it."""
        text = text.replace(self._value or "\0", "***")
        return text.replace(quote_plus(self._value) or "\0", "***") if "%" in text else text

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        from hmac import compare_digest  # noqa: PLC0415 - it loads OpenSSL, which takes a while

        return compare_digest(_bytes(self._value), _bytes(other._value))

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return "Secret('***')"

    def __str__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return "***"

    def __reduce__(self) -> NoReturn:
        message = "a Secret is not pickled: reveal() it where it is needed"
        raise TypeError(message)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


class _Masked:
    """Gives a dataclass a ``repr`` that shows a set of fields as ``***``."""

    __slots__ = ()

    def __repr__(self) -> str:
        shown = (
            f"{f.name}={'***' if f.metadata else repr(getattr(self, f.name))}"
            for f in fields(self)  # type: ignore[arg-type]  # only dataclasses inherit this
        )
        return f"{type(self).__name__}({', '.join(shown)})"


_SECRET: MappingProxyType[str, bool] = MappingProxyType({"secret": True})


def split_scopes(text: str) -> tuple[str, ...]:
    """The scopes of a comma list, in its order, each once; blanks are dropped."""
    return tuple(dict.fromkeys(part for part in (p.strip() for p in text.split(",")) if part))


@dataclass(frozen=True, slots=True, repr=False)
class TikTokAuthUrl(_Masked):
    """Where to send the person, and what to keep until they come back.

    Attributes:
        url: the authorization URL.
        state: keep it on the server, bound to the browser, and compare it in the callback.
        code_verifier: hand it to the code exchange; None when PKCE is off.
    """

    url: str
    state: str
    code_verifier: str | None = field(default=None, metadata=_SECRET)


@dataclass(frozen=True, slots=True, repr=False)
class TikTokTokens(_Masked):
    """The answer to a code exchange.

    Attributes:
        access_token: goes into the Authorization header of API calls.
        refresh_token: single use: the next refresh answers with another one.
        expires_in: seconds the access token lives from now.
        refresh_expires_in: seconds the refresh token lives from now.
        open_id: the person, for this app only.
        scope: the granted scopes as a comma list, in TikTok's order.
        token_type: always ``Bearer``.
    """

    access_token: str = field(metadata=_SECRET)
    refresh_token: str = field(metadata=_SECRET)
    expires_in: int
    refresh_expires_in: int
    open_id: str
    scope: str
    token_type: str = "Bearer"  # noqa: S105 - a scheme, not a password

    @property
    def scopes(self) -> frozenset[str]:
        """The granted scopes as a set: TikTok's order is its own."""
        return frozenset(split_scopes(self.scope))


@dataclass(frozen=True, slots=True, repr=False)
class TikTokRefreshResponse(TikTokTokens):
    """The answer to a refresh. ``refresh_token`` is the one to keep from now on."""


@dataclass(frozen=True, slots=True, repr=False)
class AccessToken(_Masked):
    """An access token out of a vault, valid when it was handed out.

    Attributes:
        token: goes into the Authorization header of API calls.
        expires_at: when it ends, in Unix seconds.
        open_id: whose it is.
        client_key: the app it was issued to.
        scope: what it is good for, as a comma list, in TikTok's order.
    """

    token: str = field(metadata=_SECRET)
    expires_at: float
    open_id: str
    client_key: str
    scope: str


@dataclass(frozen=True, slots=True)
class TikTokUserInfo:
    """A person's profile. TikTok returns only what was asked for and granted.

    Attributes:
        open_id: the person, for this app only; always asked for.
        union_id: the person, over all apps of one developer.
        avatar_url: a signed URL that expires within days: copy the picture to keep it.
    """

    open_id: str
    union_id: str | None = None
    avatar_url: str | None = None
    avatar_url_100: str | None = None
    avatar_large_url: str | None = None
    display_name: str | None = None
    bio_description: str | None = None
    profile_deep_link: str | None = None
    profile_web_link: str | None = None
    is_verified: bool | None = None
    username: str | None = None
    follower_count: int | None = None
    following_count: int | None = None
    likes_count: int | None = None
    video_count: int | None = None


@dataclass(frozen=True, slots=True, repr=False)
class TikTokClientToken(_Masked):
    """The answer to a client-credentials request: a token for the app, not for a person.

    Attributes:
        access_token: for the Research and Commercial Content APIs only.
        expires_in: seconds it lives from now.
        token_type: always ``Bearer``.
    """

    access_token: str = field(metadata=_SECRET)
    expires_in: int
    token_type: str = "Bearer"  # noqa: S105 - a scheme, not a password


@dataclass(frozen=True, slots=True, repr=False)
class QrAuthorization(_Masked):
    """A QR login that was started: draw ``scan_url`` as a QR code, then poll.

    Attributes:
        scan_url: what the QR code must hold.
        token: names this login when polling.
        client_ticket: our own mark, which TikTok must send back unchanged.
        state: echoed by TikTok with the code.
    """

    scan_url: str = field(metadata=_SECRET)
    token: str = field(metadata=_SECRET)
    client_ticket: str = field(metadata=_SECRET)
    state: str


QrState = Literal["new", "scanned", "confirmed", "expired", "utilised"]


@dataclass(frozen=True, slots=True, repr=False)
class QrStatus(_Masked):
    """Where a QR login stands.

    Attributes:
        status: ``new`` and ``scanned``: poll on; ``confirmed``: exchange ``code``;
            ``expired`` and ``utilised``: start again.
        code: the authorization code, decoded, once ``confirmed``.
        scopes: the granted scopes when TikTok names them beside the code.
    """

    status: QrState
    code: str | None = field(default=None, metadata=_SECRET)
    scopes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """A webhook whose signature and age were checked.

    Attributes:
        client_key: the app it is for.
        event: TikTok's name, e.g. ``authorization.removed``.
        create_time: Unix seconds when the event happened.
        user_openid: the person, when the event is about one.
        content: the decoded content.
        signed_at: Unix seconds when TikTok signed this delivery.
    """

    client_key: str
    event: str
    create_time: int
    user_openid: str | None
    content: JsonObject
    signed_at: int


@dataclass(frozen=True, slots=True)
class CallMetrics:
    """Figures over public calls. Rates are 0..1, and 0.0 while nothing has happened.

    Attributes:
        requests: public calls that ended, refused arguments and URL building included.
        successes: those that returned a value.
        errors: how many ended in each code.
        retries: attempts beyond the first ones.
        retry_success_rate: calls that needed a retry and succeeded / calls that needed one.
        average_ms: mean duration of a call in milliseconds, retries and waits included.
        p50_ms: half of the calls took at most this long, within 2 %.
        p95_ms: 95 % of the calls took at most this long, within 2 %.
        p99_ms: 99 % of the calls took at most this long, within 2 %.
    """

    requests: int
    successes: int
    errors: Mapping[TikTokErrorCode, int]
    success_rate: float
    error_rate: float
    retries: int
    retry_success_rate: float
    average_ms: float
    p50_ms: float
    p95_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class MetricsSnapshot(CallMetrics):
    """A client's figures, in all and by method."""

    methods: Mapping[str, CallMetrics]


class Clock(Protocol):
    """Time, so that tests can bring their own."""

    def now(self) -> float:
        """Unix seconds."""
        ...

    def monotonic(self) -> float:
        """Seconds that never jump."""
        ...

    async def pause(self, seconds: float) -> None:
        """Let time pass."""
        ...
