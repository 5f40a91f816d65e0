"""QR login over HTTP, and the phone that scans it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from tiktok_oauth.errors import ValidationError
from tiktok_oauth.sandbox.qr import confirm, scan

if TYPE_CHECKING:
    from tests.sandbox.visitor import Visitor
    from tiktok_oauth.sandbox.serve import Sandbox

GET = "/v2/oauth/get_qrcode/"
CHECK = "/v2/oauth/check_qrcode/"


def shown(guest: Visitor, own_sandbox: Sandbox, ticket: str = "my-ticket") -> tuple[str, str]:
    """Return what the QR code says, and the token to poll by."""
    form = {"client_key": own_sandbox.client_key, "scope": "video.list", "state": "s1"}
    answer = guest.post(GET, **form).json
    return answer["scan_qrcode_url"].replace("tobefilled", ticket), answer["token"]


def test_a_qr_login_goes_through_its_states(guest: Visitor, own_sandbox: Sandbox) -> None:
    """New, scanned, confirmed with a code once, then utilised; the code buys tokens."""
    url, token = shown(guest, own_sandbox)
    new = guest.call(CHECK, token=token).json
    scan(own_sandbox.world, own_sandbox.now(), url)
    scanned = guest.call(CHECK, token=token).json
    confirm(own_sandbox.world, own_sandbox.now(), url, "ha")
    confirmed = guest.call(CHECK, token=token).json
    utilised = guest.call(CHECK, token=token).json

    query = parse_qs(urlsplit(confirmed.pop("redirect_uri")).query)
    assert new == {"client_ticket": "", "status": "new"}
    assert scanned == {"client_ticket": "my-ticket", "status": "scanned"}
    assert confirmed == {"client_ticket": "my-ticket", "status": "confirmed"}
    assert utilised == {"client_ticket": "my-ticket", "status": "utilised"}
    assert (query["state"], query["scopes"]) == (["s1"], ["user.info.basic,video.list"])
    assert guest.exchange(code=query["code"][0]).json["scope"] == "user.info.basic,video.list"


def test_a_qr_code_expires(guest: Visitor, own_sandbox: Sandbox) -> None:
    """After five minutes it cannot be scanned, and the ticket is gone from the answer."""
    url, token = shown(guest, own_sandbox)
    scan(own_sandbox.world, own_sandbox.now(), url)
    own_sandbox.advance(300)

    assert guest.call(CHECK, token=token).json == {"client_ticket": "", "status": "expired"}
    assert guest.call(CHECK, token="unknown").json["status"] == "expired"
    with pytest.raises(ValidationError, match="cannot be scanned"):
        scan(own_sandbox.world, own_sandbox.now(), url)


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({}, "invalid_request"),
        ({"client_key": "sbawsandbox0000001"}, "invalid_request"),
        ({"client_key": "unknown", "scope": "video.list"}, "invalid_client"),
        ({"client_key": "sbawsandbox0000001", "scope": "video.lists"}, "invalid_scope"),
    ],
)
def test_a_wrong_request_is_refused_flat(guest: Visitor, form: dict[str, str], error: str) -> None:
    """As on the other OAuth endpoints; polling needs the secret, too."""
    assert guest.post(GET, **form).json["error"] == error
    assert guest.post(CHECK, **form).json["error"] == "invalid_request"


@pytest.mark.parametrize("ticket", ["tobefilled", "", "x" * 512])
def test_a_ticket_of_its_own_is_needed(guest: Visitor, own_sandbox: Sandbox, ticket: str) -> None:
    """The phone refuses a code whose ticket was left as it came."""
    url, _ = shown(guest, own_sandbox, ticket)

    with pytest.raises(ValidationError, match="no client_ticket"):
        scan(own_sandbox.world, own_sandbox.now(), url)


def test_who_cannot_use_the_app_cannot_confirm(guest: Visitor, own_sandbox: Sandbox) -> None:
    """Nobody but the target users of an app in TikTok's sandbox."""
    url, token = shown(guest, own_sandbox)
    apps = own_sandbox.world.apps
    app = apps[own_sandbox.client_key]
    apps[app.client_key] = replace(app, kind="sandbox", target_users=("ha",))

    with pytest.raises(ValidationError, match="mina cannot log in"):
        confirm(own_sandbox.world, own_sandbox.now(), url, "mina")
    assert guest.call(CHECK, token=token).json["status"] == "scanned"


def test_the_code_goes_to_a_registered_address(guest: Visitor, own_sandbox: Sandbox) -> None:
    """The first that is no pattern."""
    apps = own_sandbox.world.apps
    uris = ("http://localhost:*/", "https://app.example/cb")
    app = replace(apps[own_sandbox.client_key], redirect_uris=uris)
    apps[app.client_key] = app
    url, token = shown(guest, own_sandbox)

    confirm(own_sandbox.world, own_sandbox.now(), url, "ha")

    answer = guest.call(CHECK, token=token).json
    assert answer["redirect_uri"].startswith("https://app.example/cb?code=")
