"""The stand-alone service: connect TikTok accounts in a browser."""
