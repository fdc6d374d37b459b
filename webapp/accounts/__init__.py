"""Accounts: sign-in, tokens, merging visitors, own data, invitations, administration. May import every room below."""
