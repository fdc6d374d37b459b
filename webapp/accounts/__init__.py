"""Accounts: sign-in, API tokens, merging a visitor, one's own data and its deletion. May import every room below."""
