"""Connect an account from a program on your own machine.

TikTok sends the browser back to a port that only this machine can reach. For TikTok itself,
register http://127.0.0.1:*/callback/ for your app, under Desktop.

    python desktop_login.py user.info.basic,video.list
"""

from __future__ import annotations

import sys
import webbrowser
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import urlsplit

from tiktok_oauth import LoginError, TikTokOAuth, TokenVault


class Callback(BaseHTTPRequestHandler):
    """Takes the one request by which the browser comes back."""

    def do_GET(self) -> None:
        """Keep the query for the program, and tell the person to go back to it."""
        asked = urlsplit(self.path)
        if asked.path != "/callback/":
            self.send_error(404)
            return
        self.server.query = asked.query
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Referrer-Policy", "no-referrer")
        self.end_headers()
        self.wfile.write(b"Done. You can close this page.\n")

    def log_message(self, *_: object) -> None:
        """Say nothing: the code is in the address."""


def main(scopes: str = "user.info.basic") -> int:
    """Open the browser, wait for it to come back, keep the tokens."""
    with HTTPServer(("127.0.0.1", 0), Callback) as server:
        redirect_uri = f"http://127.0.0.1:{server.server_port}/callback/"
        with TikTokOAuth(redirect_uri=redirect_uri) as client, TokenVault(client) as vault:
            start = vault.begin_login(scopes)
            print("Opening your browser. If none opens, go to", start.url, sep="\n")
            webbrowser.open(start.url)
            server.query = ""
            while not server.query:
                server.handle_request()
            try:
                login = vault.finish_login(server.query, start.binding)
            except LoginError as error:
                print(error.message, error.hint)
                return 1
            print("Connected", login.account.open_id)
            print("Hello,", login.account.user_info(["display_name"]).display_name)
            if login.missing:
                print("Not allowed:", ", ".join(sorted(login.missing)))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
