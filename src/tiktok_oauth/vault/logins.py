"""The two halves of a login, and tokens from elsewhere: how accounts come into the vault."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar
from urllib.parse import unquote

from tiktok_oauth.engine import calls
from tiktok_oauth.engine.run import run
from tiktok_oauth.errors import (
    StoreError,
    TikTokAPIError,
    invalid_argument,
    login_error,
    store_error,
    vault_key_error,
)
from tiktok_oauth.login import LoginStart
from tiktok_oauth.protocol.authorize import callback_error, parse_callback
from tiktok_oauth.types import Secret, split_scopes
from tiktok_oauth.vault.checks import check_name, check_tokens
from tiktok_oauth.vault.refresh.place import seal_tokens
from tiktok_oauth.vault.sealing.cipher import Binding
from tiktok_oauth.vault.stores.rows import Consent, Event, PendingLogin, Ref, has_newer, next_gen

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tiktok_oauth.engine.core import Core
    from tiktok_oauth.protocol.authorize import Callback
    from tiktok_oauth.types import TikTokTokens
    from tiktok_oauth.vault.stores.rows import Grant
    from tiktok_oauth.vault.strongroom import Strongroom

A = TypeVar("A")

LIFETIME = 600.0
"""Seconds a person has to come back."""

_STORE_WAIT = 0.2
_AGAIN = "Begin the login again once the store works."
_BINDING_BYTES = 32
_LONGEST_URL = 2048
_LOCAL = re.compile(r"/[\x21-\x5b\x5d-\x7e]*")


@dataclass(frozen=True, slots=True)
class LoginResult(Generic[A]):
    """A finished login.

    Attributes:
        account: the connected account.
        next_url: what ``begin_login`` was given.
        granted: the scopes the person granted.
        missing: those that were asked for and not granted.
    """

    account: A
    next_url: str | None
    granted: frozenset[str]
    missing: frozenset[str]


@dataclass(frozen=True, slots=True)
class LoginRequest:
    """What a program wants of a login.

    Attributes:
        scopes: what to ask for; the client's default when None.
        user_id: the program's own name for the person.
        next_url: a path of the program's own to go to afterwards.
        client_key: which app, when the vault has several.
        open_id: the account to connect again: no other one will do.
        disable_auto_auth: as ``get_authorization_url`` takes it.
    """

    scopes: Sequence[str] | str | None
    user_id: str | None
    next_url: str | None
    client_key: str | None
    open_id: str | None
    disable_auto_auth: bool | None


def begin(room: Strongroom, wanted: LoginRequest) -> LoginStart:
    """Keep a login that begins, and return where it goes.

    Raises:
        ValidationError: an argument is wrong.
        InvalidCredentialsError: client key, secret or redirect URI cannot be right.
        StoreError: the store cannot be written.
    """
    check_name("user_id", wanted.user_id)
    check_name("open_id", wanted.open_id)
    _check_next(wanted.next_url)
    core = room.core(wanted.client_key)
    start = run(
        calls.get_authorization_url(
            core,
            wanted.scopes,
            None,
            None,
            pkce_on=None,
            disable_auto_auth=wanted.disable_auto_auth,
        )
    )
    binding = core.dice.token_urlsafe(_BINDING_BYTES)
    site = room.site
    state = _digest(start.state)
    # A sandbox's clock may have been moved since it was last heard.
    room.look_at_time(core.app.client_key, at_once=True)
    now = room.times[core.app.client_key].now()
    verifier = start.code_verifier
    place = binding_of(core.app.client_key, state)
    asked = core.config.scopes if wanted.scopes is None else wanted.scopes
    site.store.add_login(
        PendingLogin(
            state,
            _digest(binding),
            core.app.client_key,
            core.credentials.check_redirect(),
            asked if isinstance(asked, str) else ",".join(asked),
            wanted.user_id,
            wanted.open_id,
            wanted.next_url,
            None if verifier is None else site.cipher.seal_secret(Secret(verifier), place),
            now,
            now + LIFETIME,
        )
    )
    return LoginStart(start.url, binding)


@dataclass(frozen=True, slots=True)
class Return:
    """What came back through a browser; nothing of it shows in a traceback."""

    callback: Callback = field(repr=False)
    binding: Secret

    @classmethod
    def of(cls, query: str | Mapping[str, str], binding: str) -> Return:
        """Read a callback.

        Raises:
            ValidationError: the query is no callback of TikTok's.
        """
        cookie = Secret(binding)
        del binding
        held = [query]  # To be handed on, and not kept in a variable of this frame meanwhile.
        del query
        return cls(parse_callback(held.pop()), cookie)


def finish(room: Strongroom, back: Return) -> tuple[Grant, PendingLogin, TikTokTokens]:
    """Check a callback, exchange its code and keep the tokens.

    Neither code nor error of a callback is believed before the login it belongs to is found.

    Raises:
        LoginError: it belongs to no login of this browser's, or access was declined.
        VaultKeyError: this process may not keep refresh tokens; the login waits for one that may.
        TikTokAPIError: the exchange failed.
        StoreError: the store cannot be used.
    """
    if room.site.cipher.ring.access_only:
        raise vault_key_error(
            "No login can be finished here: this key ring is for access tokens only.",
            "Take the callback to a process with the whole key ring: it was not used.",
        )
    login = _take(room, back)
    if back.callback.error == "access_denied":
        raise login_error("denied")
    if back.callback.code is None:
        raise callback_error(back.callback)
    core = room.core(login.client_key)
    verifier = None
    if login.verifier is not None:
        place = binding_of(login.client_key, login.state)
        verifier = room.site.cipher.open_secret(login.verifier, place)
    granted_at = room.times[login.client_key].now()
    code = back.callback.code
    tokens = run(calls.exchange_code_for_tokens(core, code, verifier, login.redirect_uri))
    ref = Ref(login.client_key, tokens.open_id)
    is_other = login.open_id is not None and login.open_id != tokens.open_id
    if is_other and not _is_connected(room.site.store.get(ref)):
        # Nobody will keep these tokens: they must not go on living.
        with contextlib.suppress(TikTokAPIError):
            run(calls.revoke_access(core, Secret(tokens.access_token)))
        raise _other_account()
    user_id = None if is_other else login.user_id
    try:
        grant = keep_consent(room, core, tokens, user_id=user_id, granted_at=granted_at)
    except StoreError as error:
        # TikTok takes no code twice: whoever tries this callback again is refused.
        raise store_error(f"The login's tokens were not kept. {error.message}", _AGAIN) from error
    if is_other:
        raise _other_account()
    return grant, login, tokens


def _is_connected(row: Grant | None) -> bool:
    return row is not None and row.status != "disconnected"


def keep_consent(
    room: Strongroom, core: Core, tokens: TikTokTokens, *, user_id: str | None, granted_at: float
) -> Grant:
    """Write the tokens of a consent; returns the account as it then stands.

    An older consent never replaces a newer one. Nobody can ask TikTok for these tokens again: while
    the store cannot be used it is tried again, for as long as a call of the client's may take.

    Raises:
        StoreError: the store cannot be used.
    """
    until = core.clock.monotonic() + room.patience_of(Ref(core.app.client_key, tokens.open_id))
    consent = _Fresh(tokens, user_id, granted_at)
    while True:
        try:
            return _keep(room, core, consent)
        except StoreError as error:
            if not error.retryable or core.clock.monotonic() >= until:
                raise
        run(core.clock.pause(_STORE_WAIT))


@dataclass(frozen=True, slots=True)
class _Fresh:
    """A consent's tokens, and the numbers under which they are in the store, or may be."""

    tokens: TikTokTokens
    user_id: str | None
    granted_at: float
    gens: set[int] = field(default_factory=set[int])

    def is_in(self, row: Grant) -> bool:
        """Whether a row has them, or has had them and a later consent's since."""
        return any(row.gen >= gen for gen in self.gens)


def _keep(room: Strongroom, core: Core, consent: _Fresh) -> Grant:
    tokens, granted_at = consent.tokens, consent.granted_at
    site, ref = room.site, Ref(core.app.client_key, tokens.open_id)
    while True:
        row, now = site.store.get(ref), room.times[ref.client_key].now()
        if row is not None and (consent.is_in(row) or has_newer(row, granted_at, now)):
            return row
        after = 0 if row is None else row.gen
        gen = next_gen(after, granted_at)
        sealed = seal_tokens(
            site.cipher, ref, tokens, gen=gen, ver=1, at=granted_at, roll=core.dice.roll()
        )
        event = Event(granted_at, "connected", tokens.scope)
        change = Consent(ref, gen, consent.user_id, granted_at, sealed, event, after, now)
        consent.gens.add(gen)  # If the answer of this write is lost, it may have been made.
        if site.store.consent(change):
            room.listeners.tell(ref, event)
        else:
            consent.gens.discard(gen)


def adopt(
    room: Strongroom, tokens: TikTokTokens, *, user_id: str | None, client_key: str | None
) -> Grant:
    """Take tokens from elsewhere; their lifetimes count from now.

    Raises:
        ValidationError: they are no tokens.
        StoreError: the store cannot be used.
    """
    check_name("user_id", user_id)
    check_tokens(tokens)
    core = room.core(client_key)
    granted_at = room.times[core.app.client_key].now()
    return keep_consent(room, core, tokens, user_id=user_id, granted_at=granted_at)


def missing_scopes(login: PendingLogin, tokens: TikTokTokens) -> frozenset[str]:
    """What was asked for and not granted."""
    return frozenset(split_scopes(login.scope)) - tokens.scopes


def _take(room: Strongroom, back: Return) -> PendingLogin:
    cookie: object = back.binding.reveal()
    if not back.callback.state or not cookie or not isinstance(cookie, str):
        del cookie
        raise login_error("missing")
    digest = _digest(cookie)
    del cookie
    # A sandbox's clock may have been moved since the person left, a moment ago.
    for client_key in room.client_keys:
        room.look_at_time(client_key, at_once=True)
    now = max(time.now() for time in room.times.values())
    login = room.site.store.take_login(_digest(back.callback.state), digest, now)
    if login is None:
        raise login_error("missing")
    if not hmac.compare_digest(login.binding, digest):
        raise login_error("other_browser")
    if login.used_at is not None:
        raise login_error("replayed")
    if now >= login.expires_at:
        raise login_error("expired")
    return login


def _other_account() -> Exception:
    return invalid_argument(
        "The person logged in with another TikTok account than the one to connect again.",
        "Let them log out of TikTok, or choose the other account, and try again.",
    )


def _check_next(next_url: object) -> None:
    if next_url is None:
        return
    if not isinstance(next_url, str) or len(next_url) > _LONGEST_URL or not is_local(next_url):
        raise invalid_argument(
            "next_url must be a path on your own site, such as /settings?tab=tiktok.",
            "Anything with a host would let strangers send people wherever they like.",
        )


def is_local(url: str) -> bool:
    """Whether it is a path, also for whoever decodes it once more or takes ``..`` out of it."""
    path = unquote(re.split("[?#]", url, maxsplit=1)[0])
    return (
        bool(_LOCAL.fullmatch(url)) and path.isprintable() and "//" not in path and "\\" not in path
    )


def binding_of(client_key: str, state: bytes) -> Binding:
    """Where a pending login's verifier belongs."""
    return Binding("login", client_key, state.hex(), 0, 0)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
