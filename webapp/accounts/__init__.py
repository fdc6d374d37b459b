"""Accounts: sign-in, API tokens, merging visitors, data export, account deletion. May import every room below."""
