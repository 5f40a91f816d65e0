"""The front page: what it shows, what it escapes, and what it keeps to itself."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.sandbox.front import Markup, press, show, still_sandbox, user_info
from tiktok_oauth.sandbox.catalog import DEFAULT_APP, PEOPLE, App, Person
from tiktok_oauth.sandbox.glance import SHOWN, GrantRow, glance
from tiktok_oauth.sandbox.mint import open_id
from tiktok_oauth.sandbox.pages import duration

if TYPE_CHECKING:
    from tiktok_oauth.sandbox.serve import Sandbox

KEY = DEFAULT_APP.client_key
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' autofocus onfocus='alert(1)",
    "</bdi></title><svg/onload=alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "javascript:alert(1)//",
    "<!--",
    "--><base href=//evil.example>",
    "<style>*{display:none}</style>",
    "{{ 7 * 7 }}{% raw %}",
    "&lt;script&gt;&#60;b&#62;",
    "</select></table><form action=//evil.example>",
    "\u202egnp.exe<b>",
]


@pytest.fixture
def still() -> Sandbox:
    """A sandbox without a socket, whose clock stands still at noon."""
    return still_sandbox()


def people_who_say(words: str) -> Sandbox:
    """Return a sandbox in which every text that somebody can choose is this."""
    sandbox = still_sandbox()
    sandbox.add_person(Person("mina", words, "mina", words))
    sandbox.add_app(replace(DEFAULT_APP, name=words))
    sandbox.fault("slow", account=words)
    user_info(sandbox, sandbox.grant("mina").access_token)
    return sandbox


@pytest.mark.parametrize("words", HOSTILE)
def test_names_and_bios_are_text(words: str) -> None:
    """The page has the tags and attributes it always has, and shows the words as they are."""
    harmless, hostile = (Markup(show(people_who_say(text))) for text in ("Xyz", words))

    assert hostile.skeleton == harmless.skeleton
    assert hostile.text.count(words) == harmless.text.count("Xyz") == 10
    assert f"Disconnect {words} from {words}" in hostile.values("aria-label")


@pytest.mark.parametrize("words", HOSTILE)
def test_what_was_wrong_is_text(still: Sandbox, words: str) -> None:
    """A sentence about a form repeats what it held, but never as markup."""
    answer = press(still, disconnect=KEY, person=words)

    assert answer.status == 400
    assert Markup(answer).skeleton == Markup(press(still, disconnect=KEY, person="x")).skeleton


def test_only_our_own_files_run(still: Sandbox) -> None:
    """The policy allows no inline script or style and no frame, and forms stay here."""
    answer = show(still)
    headers = dict(answer.headers)
    scripts = [attributes for tag, attributes in Markup(answer).tags if tag == "script"]

    assert headers[b"content-security-policy"] == (
        b"default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none';"
        b" frame-ancestors 'none'; form-action 'self'; script-src 'self'; connect-src 'self'"
    )
    assert headers[b"referrer-policy"] == b"same-origin"
    assert headers[b"cache-control"] == b"no-store"
    assert scripts == [{"src": "/_sandbox/static/desk.js", "type": "module"}]


def test_everything_has_a_name(still: Sandbox) -> None:
    """Sections are labelled, ids are unique, and no two buttons sound alike."""
    still.grant("mina")
    still.fault("slow")
    page = Markup(show(still))
    ids = page.values("id")
    buttons = [a.get("aria-label") or a["value"] for tag, a in page.tags if tag == "button"]

    assert len(ids) == len(set(ids))
    assert len(buttons) == len(set(buttons))
    assert {a["aria-labelledby"] for tag, a in page.tags if tag == "section"} <= set(ids)
    assert [a["for"] for tag, a in page.tags if tag == "label"] == ["q", "endpoint"]
    assert [tag for tag, _ in page.tags if tag in ("h1", "main")] == ["main", "h1"]


def test_no_secret_is_shown(still: Sandbox) -> None:
    """No token, no code, no challenge, and no secret but the one that everybody knows."""
    still.add_app(App("awother", "an-own-secret", "Other"))
    tokens = still.grant("mina", client_key="awother")
    challenge = "0" * 64
    code = still.code("mina", code_challenge=challenge)
    user_info(still, tokens.access_token)
    user_info(still, "act.wrong")

    page = show(still).body.decode()

    assert "Other" in page
    for secret in (tokens.access_token, tokens.refresh_token, code, "an-own-secret", challenge):
        assert secret not in page
    assert not any(mark in page for mark in ("act.", "rft.", "clt."))


def test_the_latest_calls_are_shown(still: Sandbox) -> None:
    """Newest first, with endpoint, account, outcome, status, log id and the fault."""
    token = still.grant("ha").access_token
    user_info(still, token)
    still.fault("drop_after", count=1)
    user_info(still, token)
    user_info(still, "wrong")
    first, second, third = (entry.log_id for entry in still.requests())

    assert (
        "Log ID"
        f" 12:00:00 2026-11-18 user_info GET unknown access_token_invalid 401 {third}"
        " 12:00:00 2026-11-18 user_info GET Đặng Thu Hà Demo app ok no answer"
        f" fault drop_after {second}"
        f" 12:00:00 2026-11-18 user_info GET Đặng Thu Hà Demo app ok 200 {first}"
    ) in Markup(show(still)).words


@pytest.mark.slow
def test_a_busy_sandbox_shows_the_latest(still: Sandbox) -> None:
    """Fifty rows of each kind, newest first, and how many more there are."""
    for number in range(SHOWN + 3):
        still.add_app(App(f"app{number}", "secret"))
        still.add_person(Person(f"p{number}", "One of many", "many"))
        user_info(still, still.grant(f"p{number}").access_token)
    seen = glance(still)
    page = Markup(show(still)).words

    assert [len(rows) for rows in (seen.apps, seen.residents, seen.grants, seen.calls)] == [50] * 4
    assert [row.entry.number for row in seen.calls] == list(range(53, 3, -1))
    assert seen.grants[0].open_id == open_id(KEY, "p52")
    for words in ("3 more before", "7 more people", "1 to 50 of 53", "4 more apps"):
        assert words in page


def test_grants_tell_how_long_they_live(still: Sandbox) -> None:
    """An access token two hours, a grant 180 days; a refresh renews the first only."""
    mina, app = PEOPLE[0], DEFAULT_APP
    tokens = still.grant("mina", ["video.list"])
    row = GrantRow(
        open_id(KEY, "mina"), mina, app, ("user.info.basic", "video.list"), 7_200, 15_552_000
    )
    assert glance(still).grants == (row,)

    still.advance(10_800)
    old = replace(row, access_left=0, refresh_left=15_541_200)
    assert glance(still).grants == (old,)
    assert "video.list Access token: expired" in Markup(show(still)).words

    with still.live as (world, now):
        world.refresh(now, app, world.mint.open("rft", tokens.refresh_token))
    assert glance(still).grants == (replace(old, access_left=7_200),)
    still.advance(15_541_200)
    assert glance(still).grants == ()


def test_expired_by_a_fault_is_expired(still: Sandbox) -> None:
    """The page knows of tokens that ended before their time, and only of grants that live."""
    token = still.grant("mina").access_token
    still.grant("ha")
    still.fault("token_expired", count=1)
    user_info(still, token)
    still.disconnect("ha")

    assert [row.access_left for row in glance(still).grants] == [0]


def test_connections_are_with_people(still: Sandbox) -> None:
    """Each person has the apps that they are connected to, as long as the grants last."""
    other = App("awother", "secret", "Other")
    still.add_app(other)
    still.grant("mina")
    still.grant("mina", client_key="awother")
    still.grant("ha", client_key="awother")

    connected = {row.person.person_id: row.apps for row in glance(still).residents}
    assert connected == {"mina": (DEFAULT_APP, other), "jonas": (), "ayse": (), "ha": (other,)}
    still.advance(still.world.knobs.refresh_ttl)
    assert not any(row.apps for row in glance(still).residents)


def test_apps_show_how_they_are_registered(still: Sandbox) -> None:
    """Kind, review, redirect URIs, target users, scopes and where their webhooks go."""
    still.add_app(
        App(
            "awother",
            "secret",
            "Other",
            kind="sandbox",
            target_users=("ha",),
            redirect_uris=("https://app.example/back",),
            scopes=("video.list",),
            webhook_url="http://127.0.0.1:9/hook",
            approved=False,
            audited=False,
        )
    )

    assert (
        "Other sandbox, not approved, not audited Client key awother"
        " Redirect URIs https://app.example/back Target users ha Scopes video.list"
        " Webhooks http://127.0.0.1:9/hook"
    ) in Markup(show(still)).words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (31_536_000, "365 d"),
        (15_541_200, "179 d 21 h"),
        (86_459, "1 d"),
        (7_199.6, "2 h"),
        (7_199.4, "1 h 59 min"),
        (61, "1 min 1 s"),
        (1, "1 s"),
        (0, "0 s"),
    ],
)
def test_a_duration_has_two_units(seconds: float, words: str) -> None:
    """The largest, and the next one if there is anything of it."""
    assert duration(seconds) == words
