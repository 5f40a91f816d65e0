"""``python -m tiktok_oauth`` is the command ``tiktok-oauth``."""

from tiktok_oauth.cli import main

main()
