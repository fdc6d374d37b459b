"""Workflows: the question, its rules and its gold schedule. Its settings pages are in workflow_settings."""
