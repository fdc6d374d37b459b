"""Volunteers: people who classify, with or without an account. Knows no workflow."""
