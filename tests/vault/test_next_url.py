"""Where a person goes after a login: a path of the site's own, whatever somebody put in a link."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiktok_oauth import LoginStart, ValidationError

if TYPE_CHECKING:
    from tests.support.vault import Town

EVIL = "evil.example"
ELSEWHERE = (
    # With a scheme, or what a browser takes for one.
    f"https://{EVIL}",
    f"http://{EVIL}/",
    f"HTTPS://{EVIL}",
    f"https:{EVIL}",
    f"https:/{EVIL}",
    f"https:///{EVIL}",
    f"ftp://{EVIL}",
    f"ws://{EVIL}",
    "javascript:alert(1)",
    "JaVaScRiPt:a",
    "data:text/html,<script>",
    "vbscript:a",
    "file:///etc/passwd",
    "mailto:a@evil.example",
    f"x:{EVIL}",
    f"about:blank#{EVIL}",
    f"blob:https://{EVIL}/1",
    f"view-source:https://{EVIL}",
    # Without one: the host follows two slashes, or what is as good as a slash.
    f"//{EVIL}",
    f"///{EVIL}",
    f"////{EVIL}",
    f"/\\{EVIL}",
    f"\\/{EVIL}",
    f"\\\\{EVIL}",
    f"\\{EVIL}",
    f"//\\{EVIL}",
    f"/\\/{EVIL}",
    f"//{EVIL}@app.example.com",
    f"//app.example.com@{EVIL}",
    f"//{EVIL}:443",
    f"//{EVIL}?a",
    f"//{EVIL}#a",
    "//",
    "//%65vil",
    # Encoded, for whoever decodes once more.
    f"/%2f{EVIL}",
    f"/%2F{EVIL}",
    f"/%2f/{EVIL}",
    f"/%5c{EVIL}",
    f"/%5C{EVIL}",
    f"%2f%2f{EVIL}",
    f"/a/%2f/{EVIL}",
    f"/%2e%2f/{EVIL}",
    f"/./%5c{EVIL}",
    # By way of a directory above: what is left of the path begins with two slashes.
    f"/.//{EVIL}",
    f"/..//{EVIL}",
    f"/a/..//{EVIL}",
    f"/a/../..//{EVIL}",
    f"/%2e//{EVIL}",
    f"/./\\{EVIL}",
    # White space and control characters, which browsers drop or trim.
    f"/\t/{EVIL}",
    f"/\n/{EVIL}",
    f"/\r/{EVIL}",
    f" //{EVIL}",
    f"\t//{EVIL}",
    f"\x00//{EVIL}",
    f"/ /{EVIL}",
    f"/%09/{EVIL}",
    f"/%0a/{EVIL}",
    f"/%0d/{EVIL}",
    f"/%00/{EVIL}",
    f"\x01{EVIL}",
    "/a\r\nSet-Cookie: a=b",
    "/a\r\n\r\n<script>",
    "/a%0d%0aSet-Cookie:%20a=b",
    "/a\x7f",
    "/a b",
    # Letters that look like slashes or dots, or become them.
    f"/\uff0f{EVIL}",
    f"\uff0f\uff0f{EVIL}",
    f"/\u2215{EVIL}",
    f"/\u2044{EVIL}",
    f"\u3002{EVIL}",
    "/caf\u00e9",
    f"/\u202e{EVIL}",
    f"/\ufeff/{EVIL}",
    f"/\ud800{EVIL}",
    # No path at all.
    "",
    "a",
    EVIL,
    ".",
    "..",
    "./a",
    "../a",
    "?a=b",
    "#a",
    "*",
    "@",
    f"{EVIL}/a",
    f"@{EVIL}",
    "/" + "a" * 2048,
    7,
    b"/a",
    ["/a"],
)
HERE = (
    "/",
    "/a",
    "/settings?tab=tiktok#top",
    "/a/b/c.html",
    "/a-b_c~d.e",
    "/a%20b",
    "/%C3%A9",
    "/a?next=https://app.example.com//a",
    "/a?q=%2f%2f",
    "/a#//b",
    "/a/./b",
    "/a/../b",
    "/@ada",
    "/" + "a" * 2047,
)


def test_nothing_that_could_lead_elsewhere_is_kept(town: Town) -> None:
    """Hosts, schemes, encoded slashes, control characters: all are refused."""
    vault = town.vault()
    taken = []

    for next_url in ELSEWHERE:
        try:
            town.do(vault.begin_login, next_url=next_url)
        except ValidationError:
            continue
        taken.append(next_url)

    assert taken == []
    assert len(ELSEWHERE) >= 60


def test_paths_of_the_site_are_kept_as_they_are(town: Town) -> None:
    """A path with query and fragment comes back unchanged."""
    vault = town.vault()

    for next_url in HERE:
        start = town.do(vault.begin_login, next_url=next_url)
        assert isinstance(start, LoginStart)
        result = town.do(vault.finish_login, town.callback(start.url), start.binding)
        assert result.next_url == next_url
