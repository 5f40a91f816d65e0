"""The command line, for hands: ``tiktok-oauth``."""

from __future__ import annotations

from tiktok_oauth.cli.extras import needs


def main() -> None:
    """Run the command line."""
    with needs("cli"):
        from tiktok_oauth.cli.root import root  # noqa: PLC0415 - click may not be installed
    root(prog_name="tiktok-oauth")
