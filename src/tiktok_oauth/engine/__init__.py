"""Room 2: each story told once, async-shaped, over ports; no I/O of its own."""
