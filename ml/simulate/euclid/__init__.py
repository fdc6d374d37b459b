"""Euclid-like dithered stamps."""
