"""Volunteers: people who classify, with or without an account. Independent of workflows."""
