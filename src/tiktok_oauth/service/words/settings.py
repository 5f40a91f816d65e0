"""The settings, to read."""

from __future__ import annotations

TITLE = "Settings"
LEAD = "As this service runs now. Change them in the environment or in the configuration file."
