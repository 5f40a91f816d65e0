"""Which cookie, which redirect: a login on a website, without any framework. All of it is pure.

Each login has a cookie of its own, so that two tabs do not disturb each other. It ties the
callback to the browser, and to the site's own user, that left for TikTok.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, parse_qsl, urlsplit

from tiktok_oauth.errors import invalid_argument
from tiktok_oauth.types import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tiktok_oauth.login import LoginStart

LIFETIME = 600
"""Seconds a person has to come back."""

MOST_LOGINS = 5
"""Logins that may be under way in one browser; a sixth takes the place of the oldest."""

LONGEST_FORM = 16 * 1024
"""Bytes of a form of ours."""

BESIDE = ("login", "logout", "disconnect", "webhook")
"""What is served beside the callback, and only to POST."""

NO_STORE = MappingProxyType({"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})
"""Headers of every answer of ours: addresses may hold a code, and pages may hold a token."""

_LOGIN = "tiktok-login-"
_NO_BINDING = "-"
_NOTHING: MappingProxyType[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Cookie:
    """A cookie to set: always HttpOnly and SameSite=Lax.

    Not ``Strict``: the browser has to bring it along when TikTok sends it back.

    Attributes:
        max_age: seconds it lives; 0 deletes it, None keeps it until the browser is closed.
        secure: whether it is kept to encrypted connections.
    """

    name: str
    value: str = field(repr=False)
    path: str
    max_age: int | None
    secure: bool

    @property
    def header(self) -> str:
        """The value of its ``Set-Cookie`` header."""
        lifetime = "" if self.max_age is None else f"; Max-Age={self.max_age}"
        secure = "; Secure" if self.secure else ""
        return (
            f"{self.name}={self.value}; Path={self.path}{lifetime}; HttpOnly; SameSite=lax{secure}"
        )


@dataclass(frozen=True, slots=True)
class Address:
    """Where a website's login lives: all of it follows from the redirect URI.

    Attributes:
        redirect_uri: exactly as registered for the app.

    Raises:
        ValidationError: the redirect URI has no path of its own.
    """

    redirect_uri: str

    def __post_init__(self) -> None:
        name = self.callback_path.rpartition("/")[2]
        if not name or name in BESIDE:
            raise invalid_argument(
                "The redirect URI needs a path of its own.",
                "Register and set one such as https://app.example/tiktok/callback.",
            )

    @property
    def is_https(self) -> bool:
        """Whether cookies can be kept to encrypted connections."""
        return self.redirect_uri.startswith("https:")

    @property
    def origin(self) -> str:
        """Scheme, host and port of the website, as browsers see it."""
        return "{0.scheme}://{0.netloc}".format(urlsplit(self.redirect_uri))

    @property
    def callback_path(self) -> str:
        """The path at which people come back."""
        return urlsplit(self.redirect_uri).path

    def beside(self, name: str) -> str:
        """A path beside the callback's: ``/tiktok/callback`` has ``/tiktok/login`` beside it."""
        return self.callback_path.rpartition("/")[0] + "/" + name

    def cookie_name(self, name: str) -> str:
        """A cookie's name. With https no other host, and no page on http, can set one like it."""
        return f"__Host-{name}" if self.is_https else name

    def cookie(self, name: str, value: str, *, max_age: int | None) -> Cookie:
        """A cookie of this website."""
        return Cookie(self.cookie_name(name), value, "/", max_age, self.is_https)


@dataclass(frozen=True, slots=True)
class Visit:
    """A request, as far as a login needs to know it. Nothing of it shows in ``repr``.

    Attributes:
        query: the raw query string.
        cookies: as the browser sent them.
        headers: by lower-case name.
        form: the fields of the posted form.
        body: the raw body, where it is no form.
        user_id: the site's own name for the person, if the site knows one.
        visitor: the account that the session holds.
    """

    query: str = field(default="", repr=False)
    cookies: Mapping[str, str] = field(default_factory=lambda: _NOTHING, repr=False)
    headers: Mapping[str, str] = field(default_factory=lambda: _NOTHING, repr=False)
    form: Mapping[str, str] = field(default_factory=lambda: _NOTHING, repr=False)
    body: bytes = field(default=b"", repr=False)
    user_id: str | None = field(default=None, repr=False)
    visitor: Visitor | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Visitor:
    """What a session remembers of who is here: which account, and nothing secret."""

    client_key: str
    open_id: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What to answer. With a ``location`` it is a redirect (303).

    Attributes:
        cookies: to be set.
        sign_in: begin a new session, for this account.
        sign_out: forget the session's account.
    """

    status: int = 303
    location: str | None = None
    cookies: tuple[Cookie, ...] = ()
    sign_in: Visitor | None = None
    sign_out: bool = False


def leave(
    address: Address,
    start: LoginStart,
    *,
    now: float,
    cookies: Mapping[str, str],
    user_id: str | None = None,
) -> tuple[Cookie, ...]:
    """The cookies to set when a person leaves for TikTok.

    Args:
        address: where the login lives.
        start: from ``begin_login``.
        now: Unix seconds.
        cookies: those the browser has.
        user_id: the site's own name for the person, if the site knows one.
    """
    state = parse_qs(urlsplit(start.url).query)["state"][0]
    value = f"{int(now):x}.{_mark(Secret(start.binding), user_id)}.{start.binding}"
    name = address.cookie_name(_LOGIN)
    under_way = {key: value for key, value in cookies.items() if key.startswith(name)}
    under_way.pop(_login_cookie(address, state), None)
    oldest_first = sorted(under_way, key=lambda key: _began(under_way[key]))
    too_many = oldest_first[: max(0, len(oldest_first) + 1 - MOST_LOGINS)]
    return (
        address.cookie(_LOGIN + _digest(state), value, max_age=LIFETIME),
        *(Cookie(key, "", "/", 0, address.is_https) for key in too_many),
    )


def arrive(
    address: Address, query: str, cookies: Mapping[str, str], user_id: str | None = None
) -> Secret:
    """The binding to hand to ``finish_login``, for a callback's query.

    Where the browser has none, or another user is signed in than the one who left, it is one that
    fits no login: the vault can then tell a login of another browser from one it never heard of.
    """
    state = parse_qs(query).get("state", [""])[0]
    parts = cookies.get(_login_cookie(address, state), "").split(".")
    if len(parts) != len(("began", "mark", "binding")):
        return Secret(_NO_BINDING)
    binding = Secret(parts[2])
    is_same = hmac.compare_digest(parts[1].encode(), _mark(binding, user_id).encode())
    return binding if is_same and parts[2] else Secret(_NO_BINDING)


def read_form(body: bytes) -> dict[str, str]:
    """The fields of a posted form, the first of each name. A body too long for one has none."""
    if len(body) > LONGEST_FORM:
        return {}
    return dict(reversed(parse_qsl(body.decode("latin-1"), keep_blank_values=True)))


def _login_cookie(address: Address, state: str) -> str:
    return address.cookie_name(_LOGIN) + _digest(state)


def _mark(binding: Secret, user_id: str | None) -> str:
    """Ties a binding to the site's own user; nobody learns the user from it."""
    told = b"\0" if user_id is None else b"\1" + user_id.encode("utf-8", "surrogatepass")
    return hmac.new(binding.reveal().encode(), told, hashlib.sha256).hexdigest()[:32]


def _began(value: str) -> int:
    try:
        return int(value.partition(".")[0], 16)
    except ValueError:
        return 0


def _digest(state: str) -> str:
    return hashlib.sha256(state.encode("utf-8", "surrogatepass")).hexdigest()[:16]
