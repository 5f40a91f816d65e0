"""The sandbox as a server: where it listens, and its own pages."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.sandbox.visitor import Visitor, authorize_path
from tiktok_oauth.errors import ValidationError
from tiktok_oauth.sandbox.knobs import Knobs
from tiktok_oauth.sandbox.serve import Sandbox

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow
"""Starts servers."""


def has_ipv6_loopback() -> bool:
    """Whether ::1 can be listened on here."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


def test_it_tells_where_it_is() -> None:
    """Origin and authorize URL are there while it runs, and a sentence when it does not."""
    sandbox = Sandbox()
    with sandbox:
        assert sandbox.base_url.startswith("http://127.0.0.1:")
        assert sandbox.authorize_url == sandbox.base_url + "/v2/auth/authorize/"

    with pytest.raises(RuntimeError, match="not running"):
        _ = sandbox.base_url


def test_it_stops_and_starts_again() -> None:
    """Stopping ends it, twice is fine, and the world outlives a restart."""
    sandbox = Sandbox()
    with sandbox:
        visitor = Visitor(sandbox)
        visitor.exchange()
    sandbox.stop()
    sandbox.wait()

    with pytest.raises(ConnectionRefusedError):
        visitor.get("/")
    with sandbox:
        assert Visitor(sandbox).get("/_sandbox/state").json["counts"]["grants"] == 1


def test_a_taken_port_is_an_os_error() -> None:
    """Nothing is left behind when the port is not free."""
    with Sandbox() as first:
        port = int(first.base_url.rpartition(":")[2])
        with pytest.raises(OSError, match="in use"), Sandbox(port=port):
            pass


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.com"])  # noqa: S104
def test_other_machines_stay_out(host: str) -> None:
    """Anything but loopback has to be asked for."""
    with pytest.raises(ValidationError, match="expose=True"):
        Sandbox(host=host)


@pytest.mark.parametrize("host", ["0.0.0.0", "localhost", "::1"])  # noqa: S104
def test_the_origin_is_one_to_connect_to(host: str) -> None:
    """Whatever it listens on, the origin leads there from this machine."""
    if host == "::1" and not has_ipv6_loopback():
        pytest.skip("this machine has no IPv6 loopback")
    with Sandbox(host=host, expose=True) as sandbox:
        assert Visitor(sandbox).get("/").status == 200


@pytest.mark.parametrize("port", [-1, 65_536])
def test_a_port_that_does_not_exist_is_refused(port: int) -> None:
    """With the range that does."""
    with pytest.raises(ValidationError, match="from 0 to 65535"):
        Sandbox(port=port)


def test_lifetimes_can_be_set() -> None:
    """Tests of refreshing need no clock to move when tokens live for seconds."""
    with Sandbox(knobs=Knobs(access_ttl=2, refresh_ttl=9), seed=3) as sandbox:
        tokens = Visitor(sandbox).exchange().json

    assert (tokens["expires_in"], tokens["refresh_expires_in"]) == (2, 9)


def test_declining_from_python(sandbox: Sandbox) -> None:
    """``decision=False`` is the Deny button."""
    assert "error=access_denied" in sandbox.authorize(authorize_path(), decision=False)


def test_some_scopes_from_python(sandbox: Sandbox) -> None:
    """``scopes`` leaves out what the person switched off."""
    url = authorize_path(scope="video.list,video.upload")

    assert "scopes=user.info.basic%2Cvideo.list&" in sandbox.authorize(url, scopes=["video.list"])


@pytest.mark.parametrize("path", ["/", "/v2/auth/error/?error=x&error_type=y", authorize_path()])
def test_every_page_says_what_it_is_not(visitor: Visitor, path: str) -> None:
    """The banner is on all of them, and none needs an inline script or style."""
    answer = visitor.get(path)

    assert "It is not TikTok" in answer.text
    assert "<script>" not in answer.text
    assert "style=" not in answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


def test_the_front_page_tells_how_to_come_here(visitor: Visitor, sandbox: Sandbox) -> None:
    """It has the settings, with this sandbox's own address in them."""
    page = visitor.get("/").text

    assert f"TIKTOK_BASE_URL={sandbox.base_url}\n" in page
    assert f"TIKTOK_CLIENT_KEY={sandbox.client_key}\n" in page


def test_the_error_page_escapes_its_query(visitor: Visitor) -> None:
    """What stands in the address is shown as text."""
    page = visitor.get("/v2/auth/error/?error=%3Cscript%3E&logid=%3Cimg%3E").text

    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "&lt;img&gt;" in page


@pytest.mark.parametrize("noise", ["%FF%FE", "%ED%A0%80", "%00", "%0D%0AX-Evil:1"])
def test_noise_is_no_crash(visitor: Visitor, noise: str) -> None:
    """Bytes that are no text end in an answer, not in a 500, wherever they are put."""
    form = ("Content-Type", "application/x-www-form-urlencoded")
    token = str(visitor.exchange().json["access_token"])
    body = f"client_key=sbawsandbox0000001&client_secret={noise}&grant_type={noise}".encode()
    answers = [
        visitor.get(authorize_path(code_challenge=None) + f"&code_challenge={noise}"),
        visitor.get(f"/v2/auth/error/?error={noise}&error_type={noise}&logid={noise}"),
        visitor.get(f"/v2/user/info/?fields={noise}", token),
        visitor.get(f"/_sandbox/avatars/{noise}.svg"),
        visitor.send("POST", "/v2/oauth/token/", body, [form]),
        visitor.send("POST", authorize_path(), f"decision=allow&person={noise}".encode(), [form]),
        visitor.exchange(code=visitor.code(code_challenge="é"), code_verifier="\udcff"),
    ]

    assert all(answer.status < 500 for answer in answers)
    assert all("x-evil" not in answer.headers for answer in answers)


def test_unknown_pages_are_404(visitor: Visitor) -> None:
    """Also somebody's picture who does not exist, and the token endpoint by GET."""
    for path in ("/nothing", "/_sandbox/avatars/nobody.svg", "/v2/oauth/token/"):
        assert visitor.get(path).status == 404


def test_style_sheet_and_pictures_are_served(visitor: Visitor) -> None:
    """With their types, and a policy that lets a picture do nothing."""
    css = visitor.get("/_sandbox/static/sandbox.css")
    avatar = visitor.get("/_sandbox/avatars/mina.svg")

    assert css.headers["content-type"].startswith("text/css")
    assert avatar.headers["content-type"] == "image/svg+xml"
    assert avatar.headers["content-security-policy"] == "default-src 'none'"
    assert ">MO</text>" in avatar.text


@pytest.mark.bench
def test_it_starts_and_stops_in_a_fresh_process(tmp_path: Path) -> None:
    """From import to the first answer in half a second of its own, without any warning."""
    program = tmp_path / "start.py"
    program.write_text(
        "from tiktok_oauth.sandbox.serve import Sandbox\n"
        "import time, urllib.request\n"
        "began = time.perf_counter()\n"
        "with Sandbox() as sandbox:\n"
        "    urllib.request.urlopen(sandbox.base_url).close()\n"
        "    print(time.perf_counter() - began)\n"
    )

    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-W", "error", "-X", "dev", program],
        capture_output=True,
        check=True,
        env=os.environ,
        text=True,
        timeout=30,
    )

    assert done.stderr == ""
    assert float(done.stdout) <= 0.5
