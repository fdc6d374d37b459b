"""Trails that curve because a simulated Hubble, or the turning Earth, moved meanwhile."""

import numpy as np

from ml.sky.observatories import geocentric, read_observatories
from ml.sky.solar_system import AU_KM, earth, tdb


def hubble(mjd):
    """Return geocentric positions (n, 3), km, on a circle of 6,917 km, inclined by 28.5°, once in 95.4 minutes."""
    angle = 2 * np.pi * (mjd - 60000) * 1440 / 95.4
    tilt = np.radians(28.5)
    return 6917 * np.stack([np.cos(angle), np.sin(angle) * np.cos(tilt), np.sin(angle) * np.sin(tilt)], axis=1)


def trail(distance, minutes=35, n=10, space=True):
    """Return times, true unit vectors and heliocentric observers of a main-belt-like mover at a distance in au."""
    mjd = 60000.3 + np.linspace(0, minutes, n) / 1440
    home, _ = earth(tdb(mjd))
    observer = home + (hubble(mjd) if space else geocentric(read_observatories()["I41"], mjd) * AU_KM) / AU_KM
    start = home[0] + distance * np.array([-0.5, 0.75, 0.433])
    radius = np.linalg.norm(start)
    speed = 0.0172 / np.sqrt(radius) * np.cross([0, 0, 1], start / radius)
    since = (mjd - mjd[0])[:, None]
    place = start + speed * since - 0.0172**2 * start / radius**3 * since**2 / 2
    ray = place - observer
    return mjd, ray / np.linalg.norm(ray, axis=1)[:, None], observer
