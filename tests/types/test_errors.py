"""The exception tree: codes, actions, text, pickling."""

from __future__ import annotations

import copy
import pickle

import pytest

import tiktok_oauth.errors as tree
from tiktok_oauth.errors import (
    ErrorAction,
    InvalidTokenError,
    LoginError,
    ScopeError,
    TikTokAPIError,
    TikTokErrorCode,
    error_class,
    invalid_argument,
    invalid_credentials,
)

Code = TikTokErrorCode
CLASSES = [
    kind
    for kind in vars(tree).values()
    if isinstance(kind, type) and issubclass(kind, TikTokAPIError)
]
NAMES = {
    *("TikTokAPIError", "NetworkError", "RequestTimeoutError", "RateLimitError", "ServerError"),
    *("InvalidCredentialsError", "InvalidTokenError", "ScopeError", "TokenExpiredError"),
    *("ValidationError", "LoginError", "StoreError", "VaultKeyError"),
}


def full(kind: type[TikTokAPIError]) -> TikTokAPIError:
    """An error with every attribute set to something of its own."""
    error = kind(
        Code.RATE_LIMIT,
        "message",
        "tiktok-1-abcdef01",
        True,
        418,
        "log",
        hint="hint",
        tiktok_code="odd",
        http_status=200,
    )
    error.method, error.attempts, error.never_sent = "get_user_info", 3, True
    error.retry_after, error.lost_in_flight = 1.5, True
    error.add_note("a note")
    return error


def test_tree_has_the_contracts_names() -> None:
    """The classes are the contract's, all below one base, each with its meaning."""
    assert {kind.__name__ for kind in CLASSES} == NAMES
    assert all(kind.__doc__ for kind in CLASSES)
    assert issubclass(ScopeError, InvalidTokenError)


def test_codes_are_exactly_eight() -> None:
    """There are eight codes, each its own name, and three actions."""
    assert [str(code) for code in Code] == [
        *("NETWORK_ERROR", "TIMEOUT_ERROR", "RATE_LIMIT", "API_ERROR", "INVALID_CREDENTIALS"),
        *("INVALID_TOKEN", "TOKEN_EXPIRED", "VALIDATION_ERROR"),
    ]
    assert [str(action) for action in ErrorAction] == ["retry", "refresh", "fail"]


@pytest.mark.parametrize(
    ("code", "status", "name"),
    [
        ("NETWORK_ERROR", 503, "NetworkError"),
        ("TIMEOUT_ERROR", 504, "RequestTimeoutError"),
        ("RATE_LIMIT", 429, "RateLimitError"),
        ("API_ERROR", 502, "ServerError"),
        ("INVALID_CREDENTIALS", 500, "InvalidCredentialsError"),
        ("INVALID_TOKEN", 401, "InvalidTokenError"),
        ("TOKEN_EXPIRED", 401, "TokenExpiredError"),
        ("VALIDATION_ERROR", 400, "ValidationError"),
    ],
)
def test_code_has_its_status_and_class(code: str, status: int, name: str) -> None:
    """Each code has a status for web applications, which a given one replaces, and a class."""
    assert TikTokAPIError(Code(code), "m", "id", False).status_code == status
    assert TikTokAPIError(Code(code), "m", "id", False, 599).status_code == 599
    assert error_class(Code(code)).__name__ == name


@pytest.mark.parametrize("code", Code)
@pytest.mark.parametrize("retryable", [True, False])
def test_action_follows_from_code_and_retry(code: TikTokErrorCode, retryable: bool) -> None:
    """A dead access token is refreshed; else retryable means retry, and the rest fail."""
    action = TikTokAPIError(code, "m", "id", retryable).action
    wanted = ErrorAction.RETRY if retryable else ErrorAction.FAIL

    assert action is (ErrorAction.REFRESH if code is Code.TOKEN_EXPIRED else wanted)


def test_constructor_is_the_contracts() -> None:
    """Six positional arguments, the last two optional, and the rest at rest."""
    error = TikTokAPIError(Code.API_ERROR, "m", "id", True)

    assert (error.code, error.message, error.correlation_id, error.retryable) == (
        *(Code.API_ERROR, "m", "id"),
        True,
    )
    assert (error.log_id, error.hint, error.tiktok_code, error.http_status) == (
        None,
        "",
        None,
        None,
    )
    assert (error.method, error.attempts, error.never_sent) == ("", 0, False)
    assert (error.retry_after, error.lost_in_flight, error.args) == (None, False, ("m",))
    assert TikTokAPIError("API_ERROR", "m", "id", True).code is Code.API_ERROR  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_error_survives_pickling_whole(kind: type[TikTokAPIError], protocol: int) -> None:
    """Every class comes out of a pickle with its type, text and all attributes."""
    error = full(kind)

    back = pickle.loads(pickle.dumps(error, protocol))  # noqa: S301 - our own pickle

    assert type(back) is kind
    assert vars(back) == vars(error)
    assert (back.args, str(back), back.action) == (error.args, str(error), error.action)
    assert back.__notes__ == ["a note"]


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_error_can_be_copied(copied: object) -> None:
    """A copy is an error of the same class with the same attributes."""
    error = full(ScopeError)

    assert vars(copied(error)) == vars(error)  # type: ignore[operator]  # one copier of several


def test_login_error_keeps_its_reason() -> None:
    """The reason a login was refused for survives a pickle, the default one too."""
    error = LoginError(Code.VALIDATION_ERROR, "m", "id", False)
    back = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own pickle
    error.reason = "replayed"

    assert back.reason == "missing"
    assert pickle.loads(pickle.dumps(error)).reason == "replayed"  # noqa: S301 - as above


def test_subclass_with_its_own_constructor_is_picklable() -> None:
    """A pickle does not go through the constructor, so a subclass may have any."""
    back = pickle.loads(pickle.dumps(NarrowError()))  # noqa: S301 - our own pickle

    assert (type(back), back.code) == (NarrowError, Code.API_ERROR)


class NarrowError(TikTokAPIError):
    """Somebody's own error."""

    def __init__(self) -> None:
        super().__init__(Code.API_ERROR, "narrow", "", retryable=False)


def test_text_tells_what_why_and_where() -> None:
    """The text has code, sentence, hint and both IDs; what is unknown is left out."""
    assert str(full(ScopeError)) == (
        "RATE_LIMIT: message hint [correlation ID tiktok-1-abcdef01, TikTok log ID log]"
    )
    assert str(TikTokAPIError(Code.API_ERROR, "m", "", False)) == "API_ERROR: m"
    assert str(TikTokAPIError(Code.API_ERROR, "m", "", False, None, "l")) == (
        "API_ERROR: m [TikTok log ID l]"
    )
    assert repr(full(ScopeError)).startswith("<ScopeError RATE_LIMIT: message")


def test_refusals_of_ours_are_typed() -> None:
    """A wrong argument is the caller's to mend, wrong credentials the operator's."""
    argument, credentials = invalid_argument("a", "h"), invalid_credentials("c", "h")

    assert (argument.code, argument.status_code, argument.retryable) == (
        *(Code.VALIDATION_ERROR, 400),
        False,
    )
    assert (credentials.code, credentials.status_code, credentials.retryable) == (
        *(Code.INVALID_CREDENTIALS, 500),
        False,
    )
    assert (argument.hint, credentials.hint) == ("h", "h")
