"""The service's pages: connect, accounts, dashboard, webhooks, keys, settings, sign-in."""
