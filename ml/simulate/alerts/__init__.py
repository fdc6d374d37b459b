"""Simulated alerts: science, template and difference stamps of movers, stars, galaxies and artefacts."""
