"""Tokens on their way in and out: imports and backups."""
