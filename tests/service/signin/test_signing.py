"""Signed values, passwords and the count of attempts, each alone."""

from __future__ import annotations

import pytest

from tiktok_oauth.service.signin.limits import Attempts
from tiktok_oauth.service.signin.passwords import hash_password, is_password
from tiktok_oauth.service.signin.signing import Signed, Signer
from tiktok_oauth.types import Secret

KEY = Secret("k" * 43)


class Ticket(Signed, frozen=True, kw_only=True):
    """Something to sign."""

    seat: str


class Coupon(Signed, frozen=True, kw_only=True):
    """Something else, of the same shape."""

    seat: str


def test_what_was_signed_is_read() -> None:
    """As it was, for as long as it is good."""
    ticket = Ticket(until=100.0, seat="é")
    text = Signer(KEY, Ticket, clock=lambda: 99.0).sign(ticket)

    assert text.isascii()
    assert Signer(KEY, Ticket, clock=lambda: 99.0).read(text) == ticket
    late = Signer(KEY, Ticket, clock=lambda: 100.0)
    assert (late.read(text), late.is_late(text)) == (None, True)


def test_nothing_else_is_read() -> None:
    """Another key, another kind, a changed letter, padding, noise: none is ours."""
    signer = Signer(KEY, Ticket, clock=lambda: 1.0)
    text = signer.sign(Ticket(until=100.0, seat="1A"))
    everywhere = range(len(text))
    others = [
        Signer(Secret("other"), Ticket).sign(Ticket(until=9e9, seat="1A")),
        Signer(KEY, Coupon).sign(Coupon(until=9e9, seat="1A")),
        *(f"{text[:at]}{'B' if text[at] == 'A' else 'A'}{text[at + 1 :]}" for at in everywhere),
        *(f"{text}=", f" {text}", text[:-1], "", "é", "====", "A" * 10_000),
    ]

    assert [signer.read(other) for other in others] == [None] * len(others)
    assert not any(signer.is_late(other) for other in others)


def test_a_password_is_known_by_its_hash() -> None:
    """Argon2id, a salt of its own each time; what is no hash lets nobody in."""
    first, second = (Secret(hash_password(Secret("correct horse"))) for _ in range(2))

    assert first.reveal().startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert first != second
    assert is_password(Secret("correct horse"), first)
    for wrong in ("Correct horse", "", "x" * 2_000):
        assert not is_password(Secret(wrong), first)
    assert not is_password(Secret("x"), Secret("$argon2id$broken"))


@pytest.fixture
def now() -> list[float]:
    """Seconds that a test moves."""
    return [0.0]


def test_an_address_may_be_wrong_five_times_a_minute(now: list[float]) -> None:
    """Another address is not held back by it."""
    attempts = Attempts(lambda: now[0])
    for _ in range(5):
        assert attempts.wait("a") == 0
        attempts.failed("a")
        now[0] += 1

    assert (attempts.wait("a"), attempts.wait("b")) == (55, 0)
    now[0] = 60.6
    assert attempts.wait("a") == 0
    attempts.failed("a")
    attempts.forgive("a")
    assert attempts.wait("a") == 0


def test_all_together_may_be_wrong_fifty_times_a_minute(now: list[float]) -> None:
    """So that many addresses do not guess faster than one; few are remembered."""
    attempts = Attempts(lambda: now[0])
    for number in range(10_050):
        attempts.failed(f"{number}")

    assert attempts.wait("another") > 0
    now[0] = 61
    assert attempts.wait("another") == 0
