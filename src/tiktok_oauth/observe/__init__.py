"""Room 3: sinks for events (logs, metrics)."""
