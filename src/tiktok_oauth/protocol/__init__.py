"""Room 1: TikTok in pure functions. Bytes in, values out; no socket, clock, dice or log."""
