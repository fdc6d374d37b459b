"""Skies and volunteers made up from physics and chance, always labelled as simulated."""
