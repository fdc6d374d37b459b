"""Hubble-like images with trails curved by the orbit."""
