"""Room 3: where tokens sleep, sealed, and are renewed without ever being lost."""
