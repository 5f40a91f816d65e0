"""What strangers choose, made harmless."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.service.site import SANDBOX, settings_for
from tiktok_oauth.service.pages.names import clean_name, clean_text, safe_link, safe_picture

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("Mina Okafor", "Mina Okafor"),
        ("  Ayşe\t\n Yıldız ", "Ayşe Yıldız"),
        ("admin\u202egnp.exe", "admingnp.exe"),
        ("\u2066a\u2069\u200e\u200f\u061c", "a"),
        ("pay\u200bpal\ufeff\u2060", "paypal"),
        ("a\x00b\x1b[31mc\x7f\x9b", "ab[31mc"),
        ("x\U000e0041\U000e0042", "x"),
        ("Z" + "\u0300\u0301\u0302\u0303\u0304\u0305", "Z\u0300\u0301\u0302"),
        ("👩\u200d🚀", "👩\u200d🚀"),
        (
            "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
            "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        ),
        ("\u3164\u2800\u115f", ""),
        ("\u200d", ""),
        ("\ud800", ""),
        ("\ue000", ""),
        ("x" * 100, "x" * 63 + "…"),
        (None, ""),
    ],
)
def test_a_name_hides_and_turns_around_nothing(given: str | None, shown: str) -> None:
    """Controls, invisible letters and piles of accents go; scripts and emoji stay whole."""
    assert clean_name(given) == shown


def test_a_text_may_be_longer() -> None:
    """A bio keeps four hundred letters."""
    assert len(clean_text("x" * 500)) == 400


SAFE = ["https://p16.tiktokcdn.com/a.jpeg?x-expires=1&b=2", f"{SANDBOX}/_sandbox/avatars/mina.svg"]
UNSAFE = [
    None,
    "",
    "http://p16.tiktokcdn.com/a.jpeg",
    "javascript:alert(1)",
    "data:image/svg+xml,<svg>",
    "//evil.example/a",
    "/signout",
    "https://",
    "https://user@host/a",
    "https://a b/",
    "https://[::",
    "https://a\\b/",
    "https://a:99999/",
    f"{SANDBOX}.evil.example/a",
    "ftp://a/b",
    "https://a/\n",
    "http://127.0.0.1:4011/a",
    "https://a/" + "x" * 3_000,
    "HTTPS",
    "blob:https://a/b",
]


@pytest.mark.parametrize("url", SAFE)
def test_pictures_come_by_https_or_from_the_sandbox(tmp_path: Path, url: str) -> None:
    """From whichever host TikTok names."""
    assert safe_picture(url, settings_for(tmp_path, "memory:")) == url


@pytest.mark.parametrize("url", UNSAFE)
def test_other_addresses_are_no_pictures(tmp_path: Path, url: str | None) -> None:
    """A letter stands in for them."""
    assert safe_picture(url, settings_for(tmp_path, "memory:")) is None


def test_links_lead_to_tiktok_only() -> None:
    """A profile's link is what its owner's answer says, so it is believed little."""
    good = ["https://www.tiktok.com/@mina", "https://vm.tiktok.com/x"]
    bad = [
        None,
        "",
        "http://www.tiktok.com/",
        "https://tiktok.com.evil.example/",
        "https://eviltiktok.com/",
        "https://tiktok.com@evil.example/",
        "javascript:x",
        "https://[tiktok.com",
        "https://www.tiktok.com/é",
        "snssdk1233://user",
    ]

    assert [safe_link(url) for url in good] == good
    assert [safe_link(url) for url in bad] == [None] * len(bad)
