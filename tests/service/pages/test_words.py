"""All texts in one place."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import get_args

import pytest

from tiktok_oauth.errors import (
    LoginReason,
    TikTokErrorCode,
    error_class,
    login_error,
    store_error,
    vault_key_error,
)
from tiktok_oauth.service.pages.rendering import TEMPLATES
from tiktok_oauth.service.words import errors, events, scopes

NOT_TEXT = ("icons.html",)
NAMES = r"{% block (here|shape|follows) %}\w*{% endblock %}"
"""Blocks in which a page says what it is, to its frame."""


class Texts(HTMLParser):
    """Collects what people would read in a template."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._in_code = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Attributes that are read out are texts, too."""
        self._in_code = tag == "code"
        spoken = {"alt", "title", "placeholder", "aria-label"}
        self.found += [value for name, value in attrs if name in spoken and value]

    def handle_data(self, data: str) -> None:
        """Text between tags, but not what is typed."""
        if not self._in_code:
            self.found.append(data)


@pytest.mark.parametrize("name", sorted(path.name for path in TEMPLATES.glob("*.html")))
def test_templates_hold_no_words_of_their_own(name: str) -> None:
    """Whoever translates the pages, or words them anew, opens one folder."""
    if name in NOT_TEXT:
        return
    source = re.sub(NAMES, "", (TEMPLATES / name).read_text("utf-8"))
    texts = Texts()
    texts.feed(re.sub(r"{#.*?#}|{%.*?%}|{{.*?}}", "", source, flags=re.DOTALL))

    assert [text.strip() for text in texts.found if re.search(r"[A-Za-z]{2,}", text)] == []


@pytest.mark.parametrize("code", TikTokErrorCode)
def test_every_error_has_a_story(code: TikTokErrorCode) -> None:
    """A title, advice, and a button that exists."""
    error = error_class(code)(code, "It is so.", "", retryable=False)
    retried = error_class(code)(code, "It is so.", "", retryable=True)

    assert errors.explain(error).action in errors.ACTIONS
    assert code is TikTokErrorCode.TOKEN_EXPIRED or errors.explain(retried).action == "retry"


@pytest.mark.parametrize("reason", get_args(LoginReason))
def test_every_refused_login_has_a_story(reason: LoginReason) -> None:
    """Each ends in another try."""
    assert errors.explain(login_error(reason)).action == "again"


def test_what_is_ours_is_not_blamed_on_tiktok() -> None:
    """The database and the keys are the operator's."""
    stories = errors.explain(store_error("Gone.")), errors.explain(vault_key_error("Key 1."))

    assert not any("TikTok" in story.title for story in stories)


def test_what_nobody_knows_is_told_by_its_own_name() -> None:
    """A new scope or event of TikTok's breaks no page."""
    assert scopes.explain("video.dream").title == "video.dream"
    assert events.explain("dreamt_of").title == "Dreamt of"
    assert events.detail("authorization_removed", "9") == ""
