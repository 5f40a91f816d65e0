"""Public values are frozen, mask their secrets, and never lose them to a log."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import traceback
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiktok_oauth import types
from tiktok_oauth.types import (
    QrAuthorization,
    QrStatus,
    Secret,
    TikTokAuthUrl,
    TikTokClientToken,
    TikTokRefreshResponse,
    TikTokTokens,
    TikTokUserInfo,
    WebhookEvent,
    split_scopes,
)

S = "s3cr3t-value"
TOKENS = (S, S, 7200, 15552000, "-000person", "video.list,user.info.basic")
MASKED: list[tuple[object, str]] = [
    (
        TikTokAuthUrl("https://t.example/?a", "state", S),
        "TikTokAuthUrl(url='https://t.example/?a', state='state', code_verifier=***)",
    ),
    (
        TikTokTokens(*TOKENS),
        (
            "TikTokTokens(access_token=***, refresh_token=***, expires_in=7200, "
            "refresh_expires_in=15552000, open_id='-000person', "
            "scope='video.list,user.info.basic', token_type='Bearer')"
        ),
    ),
    (
        TikTokRefreshResponse(*TOKENS),
        (
            "TikTokRefreshResponse(access_token=***, refresh_token=***, expires_in=7200, "
            "refresh_expires_in=15552000, open_id='-000person', "
            "scope='video.list,user.info.basic', token_type='Bearer')"
        ),
    ),
    (
        TikTokClientToken(S, 7200),
        "TikTokClientToken(access_token=***, expires_in=7200, token_type='Bearer')",
    ),
    (
        QrAuthorization(S, S, S, "state"),
        "QrAuthorization(scan_url=***, token=***, client_ticket=***, state='state')",
    ),
    (
        QrStatus("confirmed", S),
        "QrStatus(status='confirmed', code=***, scopes=frozenset())",
    ),
]
FROZEN: list[Any] = [
    *(value for value, _ in MASKED),
    TikTokUserInfo("o"),
    WebhookEvent("k", "e", 1, None, {}, 1),
]


@pytest.mark.parametrize(("value", "shown"), MASKED, ids=lambda v: type(v).__name__)
def test_no_text_of_a_value_shows_its_secret(value: object, shown: str) -> None:
    """Every way to print a value masks its tokens, alone and inside a container."""
    assert repr(value) == str(value) == f"{value}" == f"{value!s}" == shown
    assert S not in f"{[value]} {value!r} {value!a} {(value,)!r}"
    assert S not in "%s %r" % (value, {"a": value})  # noqa: UP031 - logging formats this way
    assert S not in repr(Exception(value))


@pytest.mark.parametrize("value", FROZEN, ids=lambda v: type(v).__name__)
def test_values_are_frozen(value: Any) -> None:  # noqa: ANN401 - any of our types
    """No field of a value can be set, and none can be added."""
    name = dataclasses.fields(value)[0].name

    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(value, name, "other")
    with pytest.raises((AttributeError, TypeError)):
        value.brand_new = 1
    assert dataclasses.replace(value) == value


def test_field_order_is_the_wires() -> None:
    """The tokens' fields carry the wire's names, tokens first, as callers may unpack them."""
    names = [field.name for field in dataclasses.fields(TikTokTokens)]

    assert names == [
        *("access_token", "refresh_token", "expires_in", "refresh_expires_in", "open_id"),
        *("scope", "token_type"),
    ]
    assert dataclasses.asdict(TikTokTokens(*TOKENS))["access_token"] == S


def test_scopes_are_a_set() -> None:
    """Granted scopes compare as a set: TikTok's order is its own."""
    assert TikTokTokens(*TOKENS).scopes == {"user.info.basic", "video.list"}
    assert TikTokTokens(*TOKENS[:5], "").scopes == frozenset()


@pytest.mark.parametrize(
    ("text", "scopes"),
    [
        ("", ()),
        (" , ,", ()),
        ("a", ("a",)),
        ("b,a,b", ("b", "a")),
        (" a , b ", ("a", "b")),
        ("a b", ("a b",)),
    ],
)
def test_scopes_split_at_commas_only(text: str, scopes: tuple[str, ...]) -> None:
    """A comma list keeps its order, each scope once, blanks dropped; a space splits nothing."""
    assert split_scopes(text) == scopes


def test_at_least_ten_types_are_public() -> None:
    """There are more than ten public frozen values."""
    public = [
        kind
        for name, kind in vars(types).items()
        if name[0] != "_" and dataclasses.is_dataclass(kind)
    ]

    assert len(public) >= 10


@given(st.text(min_size=1))
def test_secret_opens_by_reveal_only(text: str) -> None:
    """A secret comes out of ``reveal`` as it went in, and shows in nothing else."""
    secret = Secret(text)

    assert secret.reveal() == text
    assert repr(secret) == "Secret('***')"
    assert str(secret) == f"{secret}" == f"{secret:>40}" == "%s" % secret == "***"  # noqa: UP031 - as logging


def test_secrets_compare_by_value_and_only_with_secrets() -> None:
    """Equal texts are equal secrets with equal hashes; a secret is no text."""
    assert Secret("é") == Secret("é")
    assert hash(Secret("a")) == hash(Secret("a"))
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert {Secret("a"): 1}[Secret("a")] == 1


def test_secret_of_lone_surrogates_compares() -> None:
    """Even a text that no encoder can write can be compared."""
    assert Secret("\ud800") == Secret("\ud800")
    assert Secret("\ud800") != Secret("?")


@pytest.mark.parametrize(
    "leak", [pickle.dumps, copy.copy, copy.deepcopy, lambda s: s.other, lambda s: s.__dict__]
)
def test_secret_does_not_leave(leak: Any) -> None:  # noqa: ANN401 - any function
    """A secret is not pickled, not copied, and has no attributes to list."""
    with pytest.raises((TypeError, AttributeError)) as caught:
        leak(Secret(S))

    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert S not in "".join(shown.format())


def test_values_are_pickled_for_a_database() -> None:
    """The public values themselves may be stored: that is what their plain text is for."""
    for value in FROZEN:
        assert pickle.loads(pickle.dumps(value)) == value  # noqa: S301 - our own pickle
