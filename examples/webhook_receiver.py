"""Hear of people who disconnect the app, with nothing but the standard library.

TikTok posts to the callback URL of the portal, until it is answered with 200. The signature is
over the raw bytes, so they are checked before anything reads them.

    python webhook_receiver.py 8100
"""

from __future__ import annotations

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tiktok_oauth import StoreError, TikTokOAuth, TokenVault, ValidationError, WebhookEvent

LONGEST = 64 * 1024


class Receiver(BaseHTTPRequestHandler):
    """Answers TikTok's deliveries."""

    client: TikTokOAuth
    vault: TokenVault

    def do_POST(self) -> None:
        """Check, act, answer: 200 once it is done, so that TikTok does not come again."""
        length = int(self.headers.get("Content-Length") or 0)
        if not 0 < length <= LONGEST:
            self.answer(413)
            return
        body = self.rfile.read(length)
        try:
            event = self.client.verify_webhook(self.headers, body)
        except ValidationError as error:
            print("Refused:", error.message, flush=True)
            self.answer(400)
            return
        try:
            self.act(event)
        except StoreError as error:
            print("Later:", error.message, flush=True)
            self.answer(503)  # TikTok sends it again, for up to 72 hours
            return
        self.answer(200)

    def act(self, event: WebhookEvent) -> None:
        """Tell the vault. A second delivery of the same event changes nothing."""
        changed = self.vault.apply_webhook(event)
        print(event.event, event.user_openid, "changed" if changed else "nothing new", flush=True)

    def answer(self, status: int) -> None:
        """Answer with a status and nothing else."""
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing for each request."""


def main(port: str = "8100") -> None:
    """Serve until Ctrl-C."""
    with TikTokOAuth() as client, TokenVault(client) as vault:
        Receiver.client, Receiver.vault = client, vault
        with ThreadingHTTPServer(("127.0.0.1", int(port)), Receiver) as server:
            print(f"Listening on http://127.0.0.1:{server.server_port}/", flush=True)
            server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
