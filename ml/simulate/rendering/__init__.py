"""Rendering shared by all simulated skies: points, trails, galaxies, detectors and world coordinates."""
