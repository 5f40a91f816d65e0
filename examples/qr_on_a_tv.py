"""Log in on a screen without a keyboard: the person scans a code with their phone.

With `pip install segno` the code is drawn in the terminal; without it, its text is shown.

    python qr_on_a_tv.py
"""

from __future__ import annotations

import sys
import time

from tiktok_oauth import QrAuthorization, TikTokOAuth, TokenVault

EVERY = 2.0
PATIENCE = 300.0


def show(login: QrAuthorization) -> None:
    """Put the code on the screen."""
    try:
        import segno  # noqa: PLC0415 - it may not be installed
    except ImportError:
        print("Draw this as a QR code:", login.scan_url, flush=True)
    else:
        segno.make(login.scan_url).terminal(compact=True)
    print("Open TikTok on your phone and scan the code.", flush=True)


def code_of(client: TikTokOAuth, login: QrAuthorization) -> str | None:
    """Wait until the person has allowed it; None when the code has had its time."""
    ends_at = time.monotonic() + PATIENCE
    said = ""
    while time.monotonic() < ends_at:
        status = client.poll_qr_authorization(login)
        if status.status != said:
            said = status.status
            print("The code is", said, flush=True)
        if status.status == "confirmed":
            return status.code
        if status.status not in {"new", "scanned"}:
            return None
        time.sleep(EVERY)
    return None


def main() -> int:
    """Show codes until somebody has logged in; three are enough."""
    with TikTokOAuth() as client, TokenVault(client) as vault:
        for _ in range(3):
            login = client.start_qr_authorization(["user.info.basic"])
            show(login)
            code = code_of(client, login)
            if code is not None:
                account = vault.adopt(client.exchange_code_for_tokens(code), user_id="this-tv")
                print("Welcome,", account.user_info(["display_name"]).display_name)
                return 0
    print("Nobody came.")
    return 1


if __name__ == "__main__":
    sys.exit(main())
