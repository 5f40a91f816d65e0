"""The error catalogue: our eight codes, TikTok's strings, and pages that never come back."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from docs._ext.catalogue import DATA, OAUTH, PORTAL, Story
from docs._ext.text import bullets, code, table
from tiktok_oauth.errors import (
    LoginReason,
    TikTokAPIError,
    TikTokErrorCode,
    error_class,
    login_error,
)
from tiktok_oauth.protocol.codes import Verdict, classify

if TYPE_CHECKING:
    from collections.abc import Mapping

_WHEN = {
    TikTokErrorCode.NETWORK_ERROR: "TikTok could not be reached, or the answer broke off: refused "
    "connection, DNS, TLS, reset, a short body.",
    TikTokErrorCode.TIMEOUT_ERROR: "No whole answer came within the time of an attempt, whatever "
    "phase it hung in.",
    TikTokErrorCode.RATE_LIMIT: "Too many requests.",
    TikTokErrorCode.API_ERROR: "TikTok failed. Or it took the request and answered in no known "
    "shape: then it is not retryable, because asking again would burn a code or a token.",
    TikTokErrorCode.INVALID_CREDENTIALS: "Client key, secret or redirect URI are wrong, as TikTok "
    "says or as we can see before asking.",
    TikTokErrorCode.INVALID_TOKEN: "The grant is gone, was declined, or lacks a scope: the person "
    "must consent again.",
    TikTokErrorCode.TOKEN_EXPIRED: "The access token is dead.",
    TikTokErrorCode.VALIDATION_ERROR: "An argument is wrong, the client is closed, or TikTok "
    "refused the request as it stands.",
}
_RETRYABLE = ("NETWORK_ERROR", "TIMEOUT_ERROR", "RATE_LIMIT", "API_ERROR")


def _example(name: TikTokErrorCode) -> TikTokAPIError:
    return error_class(name)(name, "", "", retryable=name in _RETRYABLE)


def codes() -> str:
    """The eight codes, with class, action and status as an error of theirs says them."""
    rows = [
        (
            code(name.value),
            code(type(error := _example(name)).__name__),
            code(error.action.value),
            str(error.status_code),
            _WHEN[name],
        )
        for name in TikTokErrorCode
    ]
    return table(("code", "class", "action", "status", "when"), rows)


def login_reasons() -> str:
    """What ``LoginError.reason`` can be."""
    rows = [
        (code(reason), error.message, code(error.code.value), str(error.status_code))
        for reason in get_args(LoginReason)
        if (error := login_error(reason))
    ]
    return table(("reason", "message", "code", "status"), rows)


def oauth_errors() -> str:
    """A section for each string of the OAuth endpoints."""
    return _sections(OAUTH)


def data_errors() -> str:
    """A section for each string of the data endpoints."""
    return _sections(DATA)


def _sections(stories: Mapping[str, Story]) -> str:
    return "\n\n".join(_section(name, story) for name, story in stories.items())


def _section(name: str, story: Story) -> str:
    verdict = classify(name, "", 0)
    parts = [
        f"### {name}",
        story.means,
        (
            f"**Becomes** {code(verdict.code.value)}, raised as {code(verdict.error.__name__)}, "
            f"action {code(_action(verdict))}."
        ),
        f"**Do:** {verdict.hint}",
        f"**Why it happens:**\n\n{bullets(story.why)}",
    ]
    if story.sentences:
        parts.append(
            f"**TikTok's words:**\n\n{bullets(_sentence(name, s) for s in story.sentences)}"
        )
    return "\n\n".join(parts)


def _sentence(name: str, sentence: str) -> str:
    """A sentence of TikTok's, and the hint it narrows down to, if it does."""
    hint = classify(name, sentence, 0).hint
    shown = f"``{sentence}``" if "`" not in sentence else f"`` {sentence} ``"
    return shown if hint == classify(name, "", 0).hint else f"{shown}: {hint}"


def _action(verdict: Verdict) -> str:
    retryable = verdict.code in _RETRYABLE
    return verdict.error(verdict.code, "", "", retryable).action.value


def portal_errors() -> str:
    """The pages of TikTok's that never come back to the redirect URI."""
    parts = []
    for error in PORTAL:
        parts += [
            f"### {error.shown}: `{error.query.partition('&')[0]}`",
            f"The page's address has `{error.query}`.",
            f"**Why:** {error.why}",
            f"**Do:** {error.mend}",
        ]
        if error.in_sandbox:
            parts.append("The sandbox shows this page, too.")
    return "\n\n".join(parts)
