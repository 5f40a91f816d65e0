"""How often what goes wrong. Rates are per request, per database call or per run (seed)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tests.simulation.provider import MODES, Mode


@dataclass(frozen=True)
class Profile:
    """How hostile a world is.

    Attributes:
        name: what it is called.
        unsent: requests that do not reach TikTok, for certain.
        request_lost: requests that TikTok never sees, without our knowing.
        answer_lost: answers that are lost after TikTok has rotated.
        failed_before: server errors before anything was done.
        failed_after: server errors after TikTok has rotated.
        slow: answers that take 5 to 40 seconds.
        very_slow: answers that take up to 300 seconds.
        cut: answers that break off or are garbled, in the middle of a complete exchange.
        other_person: answers with another person's open_id.
        limited: answers 429 or 503.
        refused: refusals of a good token.
        no_refresh_token: answers without a refresh token, after which the old one stays good.
        late: requests that TikTok handles up to 60 seconds after they were sent.
        crash: crashes while a request is under way.
        stop: stops (SIGSTOP) while a request is under way.
        stop_seconds: how long they last, from and to.
        step_crash: crashes at any await.
        step_stop: stops at any await.
        store_error: database calls that fail; half of them are done nevertheless.
        forget: commits after which the database fails over within 2 seconds and forgets them.
        forget_consent: the same for new consents.
        journal_error: journal writes that fail.
        bounded: no claim is held up for longer than the takeover bound allows.
        per_run: probability that a run has: database down, TikTok down, a full disk, a clock
            that jumps, a host that goes away, a new consent, a disconnect.
        consents: how many new consents a run may have.
        beat: seconds between the signs of life of an idle vault, at most.
        eager: probability that all four workers want new tokens at the same time.
        modes: TikTok's possible manners.
    """

    name: str
    unsent: float = 0.02
    request_lost: float = 0.05
    answer_lost: float = 0.03
    failed_before: float = 0.05
    failed_after: float = 0.01
    slow: float = 0.05
    very_slow: float = 0.005
    cut: float = 0.02
    other_person: float = 0.002
    limited: float = 0.02
    refused: float = 0.05
    no_refresh_token: float = 0.01
    late: float = 0.0
    crash: float = 0.03
    stop: float = 0.03
    stop_seconds: tuple[float, float] = (5.0, 150.0)
    step_crash: float = 0.002
    step_stop: float = 0.002
    store_error: float = 0.05
    forget: float = 0.01
    forget_consent: float = 0.0
    journal_error: float = 0.01
    bounded: bool = True
    per_run: float = 0.2
    consents: int = 1
    beat: float = 600.0
    eager: float = 0.0
    modes: tuple[Mode, ...] = MODES


MILD = Profile("mild", refused=0.0005)
"""Everything goes wrong, but no claim is held up beyond the takeover bound.

Two mistaken refusals in a row are rare: after a doubt they make us send the parent, which may end
the grant."""

HARD = Profile(
    "hard",
    late=0.02,
    refused=0.05,
    stop=0.06,
    stop_seconds=(60.0, 3000.0),
    forget=0.03,
    bounded=False,
)
"""Stops of up to 50 minutes: longer than a claim is waited for."""

ROUGH = Profile(
    "rough",
    request_lost=0.0,
    answer_lost=0.0,
    failed_after=0.0,
    very_slow=0.0,
    cut=0.0,
    crash=0.1,
    step_crash=0.01,
    forget=0.1,
    store_error=0.15,
)
"""A good network and bad machines: crashes and failovers after most commits."""

LONG = replace(
    HARD, name="long", refused=0.02, modes=tuple(mode for mode in MODES if mode != "family")
)
"""Stops as long as in ``HARD``, with a TikTok that does not end a grant for them."""

AMNESIA = replace(
    ROUGH, name="amnesia", forget=0.3, crash=0.2, cut=0.1, eager=0.7, modes=("strict", "family")
)
"""A database that fails over, and forgets, after every third write that matters."""

TORN = replace(AMNESIA, name="torn", cut=0.5, eager=1.0, modes=("family",))
"""The same, and half of all answers break off: each process knows a token that no other does."""

FICKLE = replace(MILD, name="fickle", refused=0.15, cut=0.1, modes=LONG.modes)
"""A TikTok that refuses good tokens again and again."""

CROWD = replace(MILD, name="crowd", refused=0.05, crash=0.4, eager=1.0, modes=("family",))
"""Processes that die while they ask, before the eyes of others who wait for the same."""

LATE = replace(LONG, name="late", refused=0.0, answer_lost=0.2, stop=0.25, modes=("grace",))
"""Answers that come when somebody else has long had another, or has lost it."""

TABS = replace(ROUGH, name="tabs", per_run=1.0, cut=0.4, consents=6, forget_consent=0.7, eager=0.5)
"""People who log in again, in two tabs, while the database fails over."""

STUTTER = replace(
    MILD,
    name="stutter",
    refused=0.05,
    slow=0.4,
    store_error=0.3,
    step_stop=0.03,
    stop_seconds=(1.0, 10.0),
    eager=1.0,
    modes=("family",),
)
"""Writes that are done and seem not to be, by processes that stand still again and again."""

LAPSE = replace(
    AMNESIA,
    name="lapse",
    very_slow=0.5,
    answer_lost=0.2,
    refused=0.1,
    step_crash=0.0005,
    crash=0.05,
    beat=60.0,
    eager=1.0,
    modes=("grace", "family"),
)
"""A failover while answers are under way, which everybody notices before they have come."""

PROFILES = {
    profile.name: profile
    for profile in (
        *(MILD, ROUGH, AMNESIA, TORN, LAPSE, TABS, FICKLE, CROWD, STUTTER, LATE, LONG, HARD),
    )
}
