"""The dashboard."""

from __future__ import annotations

from types import MappingProxyType

from tiktok_oauth.service.words.common import several

TITLE = "Dashboard"
WINDOW = "Last ten minutes"

CALM = "Everything runs as it should"
CALM_NONE = "Ready for the first account"
LATE = "Refreshes are late"
OPEN = "TikTok is not answering"
ALARM = "Refreshing stands still"
FAILING = "Many calls fail"
NO_REFRESHER = "The refresher does not report"
CALM_DETAIL = "Tokens are renewed in time, and TikTok answers."
CALM_NONE_DETAIL = "Connect one, and watch its token being kept alive here."
LATE_DETAIL = "The most urgent account waits longer than a minute. It is taken first."
OPEN_DETAIL = "The circuit is open: requests wait and are tried again by themselves."
ALARM_DETAIL = "Too many refreshes were refused in a row. Look at the last failures, then resume."
FAILING_DETAIL = "More than one call in twenty fails. The last failures say why."
NO_REFRESHER_DETAIL = "It starts, or stands still. Tokens at hand are served on."

FIGURES = "Figures"
AVERAGE = "Average duration"
AVERAGE_NOTE = "per call, retries included"
SUCCESS = "Success rate"
SUCCESS_NOTE = "of all calls to TikTok"
ERRORS = "Error rate"
ERRORS_NOTE = "of all calls to TikTok"
RETRY = "Retry success"
RETRY_NOTE = "of the calls that needed one"
TIMEOUT = "Request timeout"
TIMEOUT_NOTE = "per attempt"
ATTEMPTS = "Retry attempts"
ATTEMPTS_NOTE = "at most, the first included"
CACHE = "Cache TTL"
CACHE_NOTE = "of checked credentials"
NOTHING_YET = "no calls yet"
NO_RETRY = "no call needed one"

CHARTS = "Live"
REQUESTS = "Requests"
REQUESTS_UNIT = "a second"
LATENCY = "Latency"
LATENCY_UNIT = "milliseconds"
ERROR_CODES = "Errors by code"
ERROR_CODES_UNIT = "a second"
LAG = "Refresh lag"
LAG_UNIT = "seconds"
TABLE = "As numbers"
NOW = "now"
P50 = "p50"
P95 = "p95"
P99 = "p99"
NO_ERRORS = "No errors"

EXPIRY = "Tokens that end in the next 24 hours"
EXPIRY_NOTE = MappingProxyType(
    {
        "on_demand": "Each cell is a quarter of an hour. A token is renewed when it is used.",
        "keep_warm": "Each cell is a quarter of an hour. All of them are renewed before.",
    }
)
"""Policy of the refresher -> what becomes of them."""
EXPIRY_EMPTY = "None ends in the next 24 hours."
LESS = "Fewer"
MORE = "More"

CIRCUIT = "Circuit"
CIRCUITS = MappingProxyType(
    {
        "closed": ("Closed", "Requests flow.", "check", "good"),
        "": ("Unknown", "No refresher reports.", "clock", "still"),
        "trial": ("Half open", "It seems to be over: few requests at first.", "renew", "note"),
        "probing": ("Half open", "One request tries whether TikTok is back.", "renew", "note"),
        "open": ("Open", "TikTok fails; requests wait.", "alert", "bad"),
    }
)
REFRESHER = "Refresher"
IN_FLIGHT = "Under way"
DUE = "Due now"
LAG_NOW = "Lag"
RATE = "Allowed rate"
REFRESHED = "Refreshed"
REFUSED = "Refused"
UNSENT = "Not sent"
LOST = "Lost"
SINCE = "since it started"

STANDING = "Accounts"

FAILURES = "Last failures"
FAILURES_EMPTY = "No call has failed."
FAILURES_CAPTION = "The last calls that failed"
WHEN = "When"
CALL = "Call"
ERROR = "Error"
IDS = "IDs for a support request"


def ending(count: int, start: str) -> str:
    """How many tokens end in one cell of the strip."""
    return f"{start}: {several(count, 'token ends', 'tokens end')}"


def total(count: int) -> str:
    """How many end in the whole strip."""
    return several(count, "token", "tokens")
