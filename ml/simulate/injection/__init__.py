"""Simulated movers in real pixels: stamps and cubes."""
