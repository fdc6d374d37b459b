"""Guides for volunteers: tutorial, field guide and help."""
