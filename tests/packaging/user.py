"""What a user's type checker sees. Never run: mypy and pyright read it, from outside."""

from typing import Literal, assert_type

from tiktok_oauth import (
    Account,
    AccountState,
    AsyncAccount,
    AsyncTikTokOAuth,
    AsyncTokenVault,
    ErrorAction,
    LoginResult,
    LoginStart,
    MetricsSnapshot,
    Sandbox,
    TikTokAPIError,
    TikTokAuthUrl,
    TikTokErrorCode,
    TikTokOAuth,
    TikTokRefreshResponse,
    TikTokTokens,
    TikTokUserInfo,
    TokenVault,
    tiktok_oauth,
)


def blocking(client: TikTokOAuth) -> None:
    """The five methods."""
    start = client.get_authorization_url(["user.info.basic"])
    assert_type(start, TikTokAuthUrl)
    assert_type(start.code_verifier, str | None)
    tokens = client.exchange_code_for_tokens("code", code_verifier=start.code_verifier)
    assert_type(tokens, TikTokTokens)
    assert_type(tokens.scopes, frozenset[str])
    assert_type(client.refresh_access_token(tokens.refresh_token), TikTokRefreshResponse)
    user = client.get_user_info(tokens.access_token)
    assert_type(user, TikTokUserInfo)
    assert_type(user.follower_count, int | None)
    client.revoke_access(tokens.access_token)
    assert_type(client.metrics(), MetricsSnapshot)
    assert_type(tiktok_oauth, TikTokOAuth)


async def awaiting() -> None:
    """The same, awaited."""
    async with AsyncTikTokOAuth() as client, AsyncTokenVault(client) as vault:
        assert_type(await client.exchange_code_for_tokens("code"), TikTokTokens)
        async for account in vault.accounts(status="active"):
            assert_type(account, AsyncAccount)
            assert_type(await account.access_token(), str)


def keeping(client: TikTokOAuth) -> None:
    """The vault."""
    with TokenVault(client, store="memory:") as vault:
        start = vault.begin_login()
        assert_type(start, LoginStart)
        login = vault.finish_login("code=x", start.binding)
        assert_type(login, LoginResult[Account])
        assert_type(login.account.state, AccountState)
        assert_type(
            login.account.status,
            Literal["active", "refresh_due", "needs_login", "disconnected", "blocked"],
        )


def failing(client: TikTokOAuth) -> None:
    """Errors."""
    try:
        client.validate_credentials()
    except TikTokAPIError as error:
        assert_type(error.code, TikTokErrorCode)
        assert_type(error.action, ErrorAction)
        assert_type(error.retry_after, float | None)


def testing() -> None:
    """The sandbox."""
    with Sandbox(seed=1) as sandbox:
        assert_type(sandbox.base_url, str)
