"""Signed values and passwords, each alone."""

from __future__ import annotations

import pytest

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


@pytest.mark.slow
def test_a_password_is_known_by_its_hash() -> None:
    """Argon2id, a salt of its own each time; what is no hash lets nobody in."""
    first, second = (Secret(hash_password(Secret("correct horse"))) for _ in range(2))

    assert first.reveal().startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert first != second
    assert is_password(Secret("correct horse"), first)
    for wrong in ("Correct horse", "", "x" * 2_000):
        assert not is_password(Secret(wrong), first)
    assert not is_password(Secret("x"), Secret("$argon2id$broken"))
