"""Injection of simulated movers into real pixels: stamps and cubes."""
