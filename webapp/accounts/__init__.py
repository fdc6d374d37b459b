"""Accounts: sign-in, tokens, merging visitors, deletion, invitations, administration. May import every room below."""
