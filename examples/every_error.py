"""What fails, how it is told, and what a program does then.

A sandbox in this process breaks on demand; no terminal beside it, no environment.

    python every_error.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiktok_oauth import RetryPolicy, Sandbox, ScopeError, TikTokAPIError, TikTokOAuth

if TYPE_CHECKING:
    from collections.abc import Callable

ADVICE = {
    "retry": "put it back into the queue",
    "refresh": "refresh the access token, call again",
    "fail": "stop, and read the hint",
}


def tell(what: str, call: Callable[[], object]) -> None:
    """Make a call that fails, and print what the error says."""
    try:
        call()
    except TikTokAPIError as error:
        print(f"{what}\n  {type(error).__name__}: {error.message}")
        print(f"  {error.code}, answer {error.status_code}, attempts {error.attempts}")
        print(f"  {error.action}: {ADVICE[error.action]}")
        if error.hint:
            print(f"  hint: {error.hint}")
        if isinstance(error, ScopeError):
            print("  the person has to allow more")
        if error.lost_in_flight:
            print("  TikTok rotated, and its answer was lost on the way")


def main() -> None:
    """Break one thing after the other."""
    sandbox = Sandbox(seed=1)
    client = TikTokOAuth(
        sandbox.client_key,
        sandbox.client_secret,
        "http://127.0.0.1:8000/callback",
        transport=sandbox.transport,
        retry=RetryPolicy(base_delay=0.0),
    )
    tokens = sandbox.grant("mina", ["user.info.basic"])

    def info(fields: str = "display_name") -> object:
        return client.get_user_info(tokens.access_token, fields)

    for fault in ("drop_before", "slow", "rate_limited", "server_error", "garbage", "html"):
        sandbox.fault(fault, endpoint="user_info")
        tell(f"The sandbox plays {fault}.", info)
        sandbox.clear_faults()
    tell("A field whose scope was not granted.", lambda: info("username"))
    tell("A field that does not exist.", lambda: info("shoe_size"))
    tell("A code that is none.", lambda: client.exchange_code_for_tokens("not-a-code"))
    sandbox.fault("drop_after", endpoint="refresh", count=1)
    tell(
        "A refresh whose answer is lost.", lambda: client.refresh_access_token(tokens.refresh_token)
    )
    sandbox.advance(3 * 3600)
    tell("Three hours later.", info)
    tell("Nobody set a key.", TikTokOAuth("", "").validate_credentials)


if __name__ == "__main__":
    main()
