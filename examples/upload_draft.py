"""Put a video into a person's inbox as a draft, with a token that is valid now.

Starting a post is a call that must not be made twice. The client repeats it only if TikTok
certainly did not see it; anything else is looked up before it is tried again.

    python desktop_login.py user.info.basic,video.upload
    python upload_draft.py OPEN_ID video.mp4
"""

from __future__ import annotations

import sys
import time
import urllib.request
from pathlib import Path

from tiktok_oauth import Account, TikTokAPIError, TikTokOAuth, TokenVault

CHUNK = 10 * 1024 * 1024
SMALLEST = 5 * 1024 * 1024


def begin(account: Account, size: int) -> dict:
    """Tell TikTok what is coming; returns the post's ID and where to send the bytes."""
    chunk = size if size <= SMALLEST else min(CHUNK, size)
    source = {
        "source": "FILE_UPLOAD",
        "video_size": size,
        "chunk_size": chunk,
        "total_chunk_count": max(1, size // chunk),
    }
    return account.request(
        "POST", "/v2/post/publish/inbox/video/init/", json={"source_info": source}
    )


def send(url: str, video: bytes) -> None:
    """Send the bytes in chunks; the last one takes what is left."""
    size = len(video)
    chunk = size if size <= SMALLEST else min(CHUNK, size)
    count = max(1, size // chunk)
    for number in range(count):
        first = number * chunk
        last = size - 1 if number == count - 1 else first + chunk - 1
        request = urllib.request.Request(url, video[first : last + 1], method="PUT")
        request.add_header("Content-Type", "video/mp4")
        request.add_header("Content-Range", f"bytes {first}-{last}/{size}")
        urllib.request.urlopen(request).close()


def wait(account: Account, publish_id: str) -> str:
    """Ask until TikTok has made up its mind."""
    while True:
        answer = account.request(
            "POST", "/v2/post/publish/status/fetch/", json={"publish_id": publish_id}
        )
        if not str(answer["status"]).startswith("PROCESSING"):
            return str(answer["status"])
        time.sleep(2)


def main(open_id: str, path: str) -> int:
    """Upload one file."""
    video = Path(path).read_bytes()
    with TikTokOAuth() as client, TokenVault(client) as vault:
        account = vault.account(open_id)
        try:
            post = begin(account, len(video))
        except TikTokAPIError as error:
            refused = error.never_sent or (error.http_status or 500) in range(400, 500)
            doubt = "" if refused else " Look into the inbox before you try again."
            print(f"The upload did not begin: {error}{doubt}", file=sys.stderr)
            return 1
        send(post["upload_url"], video)
        print(post["publish_id"], wait(account, post["publish_id"]))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
