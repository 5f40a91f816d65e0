"""A local TikTok: authorize pages, tokens, profiles and its own clock, over real HTTP.

It shares no builder and no parser with the client, so that one misunderstanding of TikTok's
protocol cannot pass on both sides.
"""
