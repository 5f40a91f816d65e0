"""The service's own tables, in the vault's database: API keys, webhooks received, relays due."""
