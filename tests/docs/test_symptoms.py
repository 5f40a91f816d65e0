"""Who types what they see into the site's search finds the page that answers it.

The words are those of public threads, ranked by how many there were; the first in each list is
the pain's own sentence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.docs.pages import DOCS
from tests.support.browser import chromium

if TYPE_CHECKING:
    from pathlib import Path

FIRST = 6
"""How many results people look at."""

ASK = """words => {
    const results = Search._performSearch(...Search._parseQuery(words));
    return results.reverse().map(result => result[0]);
}"""
"""The site's own search, without its page."""

REFRESHING = "explanation/refreshing"
SETUP = "how-to/fix-setup-errors"
ERRORS = "reference/errors"
HANDLE = "how-to/handle-errors"

SYMPTOMS = [
    # 1 concurrent refresh spends a single-use token twice
    ("two workers refresh race", "symptoms"),
    ("invalid_grant", ERRORS),
    ("refresh token is invalid or expired", ERRORS),
    ("random logouts", "symptoms"),
    ("single flight claim", REFRESHING),
    # 2 set-up errors with useless messages
    ("something went wrong client_key", SETUP),
    ("unauthorized_client", ERRORS),
    ("redirect_uri", SETUP),
    ("sandbox production key", SETUP),
    ("app in review", "tutorial/to-production"),
    # 3 one bad scope or field kills all
    ("invalid_scope", ERRORS),
    ("scope_not_authorized", ERRORS),
    ("scope not approved", SETUP),
    ("display api scope", "reference/scopes"),
    # 4 tokens in plain text, no rotation
    ("plain text tokens database", "explanation/encryption"),
    ("rotate key", "how-to/keys"),
    ("what is encrypted", "explanation/encryption"),
    # 5 no provider, no approved app
    ("no approved app", "how-to/test-your-app"),
    ("provider library client_id", "how-to/other-languages"),
    # 6 a transient failure is taken for a revocation
    ("logged out timeout", HANDLE),
    ("hiccup", HANDLE),
    # 7 refresh not implemented
    ("access token expired refresh", "how-to/keep-tokens"),
    ("refresh before expiry", "explanation/life-of-a-token"),
    # 8 the rotated token is lost
    ("lost_in_flight", ERRORS),
    ("crash lost refresh token", "explanation/life-of-a-token"),
    ("restore backup", "how-to/back-up-and-restore"),
    # 9 state and cookie
    ("state mismatch", HANDLE),
    ("cookie samesite", "explanation/two-halves"),
    ("csrf", "explanation/two-halves"),
    # 10 client_key
    ("client_id client_key", "how-to/other-languages"),
    # 11 an error with HTTP 200
    ("error http 200", ERRORS),
    ("access_token missing", ERRORS),
    # 12 identity
    ("wrong account reconnect", "how-to/connect-several-accounts"),
    ("switch account", "how-to/connect-several-accounts"),
    ("union_id", "how-to/connect-several-accounts"),
    ("email address", "how-to/connect-several-accounts"),
    # 13 no local way to test
    ("localhost", SETUP),
    ("test without tiktok", "how-to/test-your-app"),
    ("mock pytest fixtures", "how-to/test-your-app"),
    # 14 PKCE
    ("code verifier or code challenge is invalid", SETUP),
    ("pkce hex base64url", "explanation/oddities"),
    ("code_challenge", ERRORS),
    # 15 secrets leaked
    ("secret in logs", "reference/logging"),
    ("secrets leak url", "explanation/security"),
    # and what people ask besides
    ("rate_limit_exceeded 429", ERRORS),
    ("webhook signature", "explanation/oddities"),
    ("qr code", "how-to/qr-login"),
    ("kms", "how-to/kms"),
    ("allauth", "how-to/migrate-from-django-allauth"),
    ("next auth", "how-to/migrate-from-auth-js"),
    ("avatar expires", "symptoms"),
    ("celery prefork", "how-to/background-jobs"),
    ("content security policy form-action", "how-to/fastapi"),
    ("login began somewhere else", "how-to/flask"),
    ("django admin", "how-to/django"),
    ("httpx auth", "how-to/other-http-clients"),
]


@pytest.mark.browser
def test_symptoms_lead_to_their_pages(site: Path) -> None:
    """Each is among the first results, in a real browser with the site's own index."""
    with chromium() as browser:
        page = browser.new_page()
        page.goto(f"{(site / 'search.html').as_uri()}?q=vault")
        page.wait_for_function("() => Search._index")
        found = {words: page.evaluate(ASK, words)[:FIRST] for words, _ in SYMPTOMS}

    lost = {
        words: (wanted, found[words]) for words, wanted in SYMPTOMS if wanted not in found[words]
    }
    assert lost == {}


@pytest.mark.parametrize("page", sorted({page for _, page in SYMPTOMS}))
def test_pages_that_answer_exist(page: str) -> None:
    """None has moved."""
    assert (DOCS / f"{page}.md").is_file()
