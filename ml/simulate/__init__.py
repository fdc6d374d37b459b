"""Simulated skies and volunteers, always labelled as simulated."""
