"""Hubble-like images with trails bent by the orbit."""
