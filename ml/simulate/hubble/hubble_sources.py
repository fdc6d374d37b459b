"""Other sources of a Hubble exposure: stars, galaxies, gravitational arcs and cosmic rays."""

import numpy as np

from ml.simulate.hubble.optics import MARGIN, electrons, sky_noise, spike_reach
from ml.simulate.hubble.truth import SkyObject, visible_part
from ml.simulate.rendering.detector_effects import tracks
from ml.simulate.rendering.galaxies import profile
from ml.simulate.rendering.light import split_between_pixels, spray
from ml.simulate.rendering.log_uniform import log_uniform

GALAXIES_PER_MEGAPIXEL = 130
STARS_PER_MEGAPIXEL = 30
HITS_PER_SECOND_PER_MEGAPIXEL = 2.2
LONG_TRACK = 20.0
SHORTEST_SPIKE = 25.0
MOST_LISTED = 60
WINDOWS = ((24.2, 40), (22.5, 96), (-np.inf, 256))
"""Minimum magnitude and window side in pixels for painting galaxies, faintest first."""


def add_stars(rng: np.random.Generator, scene: np.ndarray, exptime: float) -> list[SkyObject]:
    """Paint stars, ten times as many in one field of eight; return annotations of long spikes."""
    side = len(scene)
    crowded = 10 if rng.random() < 0.125 else 1
    count = rng.poisson(STARS_PER_MEGAPIXEL * crowded * log_uniform(rng, 0.4, 2.5, 1)[0] * side**2 / 1e6)
    mag = 27 - 11 * rng.random(count) ** 3
    x, y = rng.uniform(0, side, (2, count))
    light = electrons(mag, exptime)
    scene += split_between_pixels(x[None], y[None], light[None], side)[0]
    reach = spike_reach(light, sky_noise(exptime))
    spiked = [
        spikes_of(x[star] - MARGIN, y[star] - MARGIN, reach[star], side - 2 * MARGIN)
        for star in most(reach, SHORTEST_SPIKE)
    ]
    return [obj for obj in spiked if obj]


def most(reach: np.ndarray, least: float) -> np.ndarray:
    """Return the rows that reach at least so far, the longest `MOST_LISTED` of them: a CSV row has its limits."""
    order = np.argsort(-reach, kind="stable")[:MOST_LISTED]
    return order[reach[order] >= least]


def spikes_of(x: float, y: float, reach: float, size: int) -> SkyObject | None:
    """Annotate one pair of spikes, from lower left to upper right; its box contains the other pair too."""
    steps = np.arange(-reach, reach + 1) / np.sqrt(2)
    curve = visible_part(x + steps, y + steps, size)
    return SkyObject("SPIKE", curve[[0, -1]], numbers={"reach": reach}) if len(curve) >= 2 else None


def add_galaxies(rng: np.random.Generator, scene: np.ndarray, exptime: float) -> None:
    """Paint galaxies of 18th to 27th magnitude, fainter ones many and small."""
    side = len(scene)
    count = rng.poisson(GALAXIES_PER_MEGAPIXEL * side**2 / 1e6)
    mag = 27 + 2.2 * np.log10(np.maximum(rng.random(count), 1e-4))
    shape = draw_shapes(rng, mag)
    x, y = rng.uniform(0, side, (2, count))
    brightest = np.inf
    for faint, window in WINDOWS:
        rows = np.flatnonzero((mag > faint) & (mag <= brightest))
        brightest = faint
        if len(rows):
            part = {name: values[rows] for name, values in shape.items()}
            paste(scene, part, x[rows], y[rows], electrons(mag[rows], exptime), window)


def draw_shapes(rng: np.random.Generator, mag: np.ndarray) -> dict[str, np.ndarray]:
    n = len(mag)
    return {
        "radius": 10 ** (-0.13 * (mag - 23.5)) * rng.lognormal(np.log(6.0), 0.4, n),
        "index": log_uniform(rng, 0.6, 4.0, n),
        "axis_ratio": rng.uniform(0.15, 1.0, n),
        "angle": rng.uniform(0, np.pi, n),
        "bulge": rng.beta(1, 3, n),
        "arms": np.where((mag < 24) & (rng.random(n) < 0.4), rng.uniform(0.3, 0.9, n), 0.0),
        "winding": rng.uniform(2, 6, n) * rng.choice([-1, 1], n),
    }


def paste(
    scene: np.ndarray, shape: dict[str, np.ndarray], x: np.ndarray, y: np.ndarray, flux: np.ndarray, window: int
) -> None:
    """Paint galaxies in their own windows, large enough that no edge shows, and add them to the scene."""
    left, low = np.floor(x).astype(int) - window // 2, np.floor(y).astype(int) - window // 2
    light = profile(shape, x - left, y - low, window)
    light = np.maximum(light - light[:, 0, :].max(axis=1)[:, None, None], 0)
    light *= (flux / light.sum(axis=(1, 2)))[:, None, None]
    side = len(scene)
    for image, column, row in zip(light, left, low, strict=True):
        from_x, from_y = max(-column, 0), max(-row, 0)
        inside = image[from_y : side - row, from_x : side - column]
        top, right = row + from_y, column + from_x
        scene[top : top + inside.shape[0], right : right + inside.shape[1]] += inside


def add_lens_arc(rng: np.random.Generator, scene: np.ndarray, exptime: float) -> SkyObject | None:
    """Paint a gravitational lens: an elliptical galaxy and, around it, a thin clumpy arc and its counter-image.

    One in three is a cluster arc: far from the centre, and hardly curved.
    """
    side = len(scene)
    size = side - 2 * MARGIN
    centre = MARGIN + rng.uniform(0, size, 2)
    cluster = rng.random() < 1 / 3
    radius = rng.uniform(150, 450) if cluster else rng.uniform(14, 45)
    opening = rng.uniform(40, 130) / radius if cluster else np.radians(rng.uniform(50, 160))
    start, mag = rng.uniform(0, 2 * np.pi), rng.uniform(21.5, 24.3)
    points = 3000
    along = rng.beta(1.3, 1.3, points) * opening + start
    distance = radius * oval(along) + rng.normal(0, 0.9, points)
    clumps = np.exp(np.interp(along, start + opening * np.linspace(0, 1, 9), rng.normal(0, 0.6, 9)))
    flux = electrons(mag, exptime) * clumps / clumps.sum()
    x, y = centre[:, None] + distance * np.array([np.cos(along), np.sin(along)])
    scene += split_between_pixels(x[None], y[None], flux[None], side)[0]
    lens = draw_shapes(rng, np.array([rng.uniform(17.5, 19.5)])) | {"index": np.array([3.5]), "arms": np.zeros(1)}
    paste(scene, lens, centre[:1], centre[1:], electrons(rng.uniform(18.5, 20.5, 1), exptime), 256)
    angle = np.linspace(start, start + opening, 200)
    ring = centre[:, None] - MARGIN + radius * oval(angle) * np.array([np.cos(angle), np.sin(angle)])
    curve = visible_part(ring[0], ring[1], size)
    return SkyObject("ARC", curve, width=5.0, numbers={"mag": mag}) if len(curve) >= 2 else None


def oval(angle: np.ndarray) -> np.ndarray:
    """Return the factor on the radius by which an elliptical lens distorts its ring from a circle."""
    return 1 + 0.02 * np.cos(2 * angle)


def add_cosmic_rays(rng: np.random.Generator, image: np.ndarray, exptime: float, fraction: float) -> list[SkyObject]:
    """Add the cosmic rays that survive rejection; annotate long tracks."""
    size = len(image)
    hits = rng.poisson(HITS_PER_SECOND_PER_MEGAPIXEL * exptime * fraction * size**2 / 1e6)
    x, y, charge = tracks(rng, *rng.uniform(0, size, (2, hits)), longest=80, typical=1800)
    image += spray(x.reshape(1, -1), y.reshape(1, -1), charge.reshape(1, -1), size)[0]
    reach = np.hypot(np.ptp(x, axis=1), np.ptp(y, axis=1))
    objects = []
    for row in most(reach, LONG_TRACK):
        order = np.argsort(x[row] + 1e-3 * y[row])
        curve = visible_part(x[row][order], y[row][order], size)
        if len(curve) >= 2:
            objects.append(SkyObject("COSMIC_RAY", curve[[0, -1]], width=1.5))
    return objects
