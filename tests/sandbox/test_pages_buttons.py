"""The front page's buttons: what each does, and that no other page can press them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.sandbox.front import NOON, Markup, press, show, still_sandbox
from tiktok_oauth.sandbox.catalog import DEFAULT_APP
from tiktok_oauth.sandbox.faults import FAULTS
from tiktok_oauth.sandbox.http import BODY_LIMIT, Call

if TYPE_CHECKING:
    from tests.sandbox.visitor import Visitor
    from tiktok_oauth.sandbox.http import Answer
    from tiktok_oauth.sandbox.serve import Sandbox

KEY = DEFAULT_APP.client_key


@pytest.fixture
def still() -> Sandbox:
    """A sandbox without a socket, whose clock stands still at noon."""
    return still_sandbox()


def landed(answer: Answer) -> str:
    """Return which part of the page a button leads back to."""
    assert answer.status == 303
    return dict(answer.headers)[b"location"].decode()


@pytest.mark.parametrize(
    ("step", "seconds"),
    [
        ("1 hour", 3_600),
        ("3 hours", 10_800),
        ("1 day", 86_400),
        ("179 days", 15_465_600),
        ("1 year", 31_536_000),
    ],
)
def test_the_clock_moves(still: Sandbox, step: str, seconds: int) -> None:
    """By just that much, and the page tells by how much it is ahead."""
    assert f"+ {step}" in Markup(show(still)).words
    assert "The time of this machine" in Markup(show(still)).words

    assert landed(press(still, advance=step)) == "/#clock"
    assert still.now() == NOON + seconds
    assert "ahead of this machine" in Markup(show(still)).words


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_can_be_armed_and_removed(still: Sandbox, name: str) -> None:
    """Once, for the chosen endpoint; a webhook's fault is for webhooks, whatever was chosen."""
    still.fault("html" if name == "slow" else "slow")
    endpoint = "" if FAULTS[name].play is None else "refresh"

    assert landed(press(still, arm=name, endpoint="refresh")) == "/#faults"
    rule = still.faults()[-1]
    assert (rule.fault, rule.endpoint, rule.count) == (name, endpoint, 1)
    assert f"armed once{', on refresh' if endpoint else ''}" in Markup(show(still)).words

    assert landed(press(still, remove=name)) == "/#faults"
    assert [rule.fault for rule in still.faults()] != [name]
    assert len(still.faults()) == 1


def test_armed_faults_tell_for_what(still: Sandbox) -> None:
    """Also those that were switched on elsewhere."""
    still.fault("slow", probability=0.1, account="mina")
    still.fault("html", endpoint="revoke", count=3)

    page = Markup(show(still)).words

    assert "armed for good, for mina, at 10%" in page
    assert "armed 3 times, on revoke" in page


def test_removing_a_fault_leaves_the_dice_of_others(still: Sandbox) -> None:
    """One that plays by chance goes on as if nothing had happened."""
    played = []
    for sandbox in (still, still_sandbox()):
        sandbox.fault("server_error", probability=0.5, seed=7)
        for number in range(20):
            if sandbox is still and number == 10:
                press(sandbox, arm="html", endpoint="authorize")
                press(sandbox, remove="html")
            sandbox.respond(Call("GET", "/v2/user/info/"))
        played.append([entry.fault for entry in sandbox.requests()])

    assert played[0] == played[1]
    assert set(played[0]) == {"", "server_error"}


def test_a_person_disconnects_one_app(still: Sandbox) -> None:
    """Its grants end; those of the person's other apps do not."""
    still.add_app(replace(DEFAULT_APP, client_key="awother"))
    still.grant("mina")
    still.grant("mina", client_key="awother")

    assert landed(press(still, disconnect=KEY, person="mina")) == "/#people"
    assert [grant.client_key for grant in still.world.grants] == ["awother"]


@pytest.mark.parametrize(
    ("departure", "status"),
    [("Change age", "active"), ("Ban", "banned"), ("Delete account", "deleted")],
)
def test_a_person_leaves(still: Sandbox, departure: str, status: str) -> None:
    """All connections end; who is banned or deleted has no more buttons."""
    still.grant("mina")

    assert landed(press(still, leave=departure, person="mina")) == "/#people"
    assert still.world.people["mina"].status == status
    assert len(still.world.grants) == 0
    assert (f"{departure}: Mina Okafor" in Markup(show(still)).values("aria-label")) is (
        status == "active"
    )


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "",
        "http://evil.example",
        "http://127.0.0.1",
        "http://127.0.0.1:8000",
        "https://127.0.0.1:4010",
        "http://127.0.0.1:4010.evil.example",
    ],
)
def test_other_pages_press_nothing(still: Sandbox, origin: str | None) -> None:
    """A form from elsewhere, or from nowhere, changes nothing and is told so."""
    still.grant("mina")
    forms = [
        {"advance": "1 year"},
        {"arm": "slow", "endpoint": ""},
        {"disconnect": KEY, "person": "mina"},
        {"leave": "Ban", "person": "mina"},
    ]

    answers = [press(still, origin=origin, **form) for form in forms]

    assert [answer.status for answer in answers] == [403] * 4
    assert "That button is not on this page" in Markup(answers[0]).words
    assert (still.now(), still.faults(), len(still.world.grants)) == (NOON, [], 1)
    assert still.world.people["mina"].status == "active"


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({}, "There is no such button."),
        ({"advance": "-1"}, "There is no such button."),
        ({"arm": "slow"}, "There is no such button."),
        ({"leave": "Promote", "person": "mina"}, "There is no such button."),
        ({"leave": "Ban", "person": "nobody"}, "Nobody here is 'nobody'."),
        ({"disconnect": "aw", "person": "mina"}, "There is no app 'aw'."),
        ({"arm": "sloth", "endpoint": ""}, "There is no fault 'sloth'."),
        ({"arm": "slow", "endpoint": "x"}, "There is no endpoint 'x'."),
        ({"arm": "x" * BODY_LIMIT, "endpoint": ""}, "The body is too large."),
    ],
)
def test_a_wrong_button_is_a_sentence(still: Sandbox, form: dict[str, str], sentence: str) -> None:
    """On the page itself, which says what it is not, and nothing changes."""
    answer = press(still, **form)

    assert answer.status in (400, 413)
    assert sentence in Markup(answer).words
    assert "It is not TikTok" in Markup(answer).words
    assert (still.now(), still.faults()) == (NOON, [])


def test_the_clock_stays_in_the_calendar(still: Sandbox) -> None:
    """After a thousand years the button says why it does nothing."""
    still.advance(31_557_600_000)

    assert "1,000 years" in Markup(press(still, advance="1 year")).words


def test_other_methods_are_an_unknown_path(still: Sandbox) -> None:
    """And HEAD is as good as GET."""
    statuses = [still.respond(Call(method, "/")).status for method in ("HEAD", "PUT", "DELETE")]

    assert statuses == [200, 404, 404]


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:4010", ""])
def test_other_names_find_no_page(guest: Visitor, host: str) -> None:
    """A name that somebody else points at this machine reads nothing, and presses nothing."""
    headers = [("Host", host), ("Origin", f"http://{host}")]

    assert guest.send("GET", "/", None, headers).status == 421
    assert guest.send("POST", "/", b"advance=1+hour", headers).status == 421
    assert guest.sandbox.world.pace.offset == 0


def test_buttons_work_over_http(guest: Visitor) -> None:
    """By this machine's own names, as browsers send them."""
    port = urlsplit(guest.sandbox.base_url).port
    for host in (f"127.0.0.1:{port}", f"localhost:{port}"):
        headers = [("Host", host), ("Origin", f"http://{host}")]
        answer = guest.send("POST", "/", b"advance=1+hour", headers)
        assert (answer.status, answer.headers["location"]) == (303, "/#clock")

    assert guest.sandbox.world.pace.offset == 7_200
