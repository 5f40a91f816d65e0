"""The one room with the whole key ring: it finishes logins and refreshes tokens."""
