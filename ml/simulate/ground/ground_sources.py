"""Ground-based fields in units of the noise: stars, galaxies, trails, and scratches of plates."""

import numpy as np

from ml.simulate.ground.seeing import Seeing, add_path, add_point, straight
from ml.simulate.hubble.truth import SkyObject
from ml.simulate.rendering.log_uniform import log_uniform_scalar

SHORTEST, LONGEST = 6.0, 60.0  # pixels
FAINTEST, BRIGHTEST = 1.5, 60.0  # S/N per pixel
LEAST_ELONGATED = 1.3  # a trail is so many times as long as a star is wide: shorter ones are stars
COMATIC = 0.3  # share of the fields that lie in a corner where the telescope shows coma
LISTED_WIDTH = 2.5  # of the seeing, as which a trail is told


def draw_seeing(rng: np.random.Generator, between: tuple[float, float], comatic: float = COMATIC) -> Seeing:
    """Draw a night's seeing, with a width in pixels between two limits, and coma in a fraction of the fields."""
    fwhm = log_uniform_scalar(rng, *between)
    coma = rng.uniform(0.4, 2.2) if rng.random() < comatic else 0.0
    return Seeing(fwhm, rng.uniform(2.8, 6), rng.uniform(0.85, 1), rng.uniform(0, 2 * np.pi), coma)


def scatter_stars(rng: np.random.Generator, image: np.ndarray, seeing: Seeing) -> None:
    """Add 300 to 6,000 stars per million pixels, one in six of them with a close neighbour."""
    for _ in range(rng.poisson(log_uniform_scalar(rng, 300, 6000) * image.size / 1e6)):
        place, height = anywhere(rng, image), min(1.5 * rng.random() ** -1.2, 3000)
        add_point(image, seeing, place, height)
        if rng.random() < 0.16:
            away = rng.uniform(0.7, 3) * seeing.fwhm * direction(rng.uniform(0, 2 * np.pi))
            add_point(image, seeing, place + away, height * log_uniform_scalar(rng, 0.15, 1))


def scatter_galaxies(rng: np.random.Generator, image: np.ndarray, seeing: Seeing) -> None:
    """Add exponential discs, from barely wider than a star to 12 pixels of scale length."""
    for _ in range(rng.poisson(rng.uniform(0, 200) * image.size / 1e6)):
        add_disc(rng, image, seeing, anywhere(rng, image), log_uniform_scalar(rng, 1, 60))


def add_disc(rng: np.random.Generator, image: np.ndarray, seeing: Seeing, place: np.ndarray, height: float) -> None:
    """Add one exponential disc, smoothed by the seeing in the centre."""
    scale, ratio, angle = log_uniform_scalar(rng, 0.8, 12), rng.uniform(0.4, 1), rng.uniform(0, np.pi)
    dx, dy = np.arange(image.shape[1]) - place[0], (np.arange(image.shape[0]) - place[1])[:, None]
    u, v = np.cos(angle) * dx + np.sin(angle) * dy, (np.cos(angle) * dy - np.sin(angle) * dx) / ratio
    soft = seeing.fwhm / 1.5
    image += (height * np.exp(-(np.sqrt(u * u + v * v + soft**2) - soft) / scale)).astype(np.float32)


def add_nebula(rng: np.random.Generator, image: np.ndarray, seeing: Seeing) -> None:
    """Add an arm of a nearby galaxy: a broad glow with clustered knots."""
    middle, spread = anywhere(rng, image), log_uniform_scalar(rng, 15, 90)
    glow = Seeing(2.35 * spread, 5.0)
    add_point(image, glow, middle, log_uniform_scalar(rng, 1, 30))
    clumps = middle + spread * rng.normal(0, 0.7, (int(rng.integers(3, 15)), 2))
    for _ in range(int(log_uniform_scalar(rng, 30, 300))):
        place = clumps[rng.integers(len(clumps))] + rng.normal(0, rng.uniform(2, 12), 2)
        add_point(
            image, Seeing(seeing.fwhm * rng.uniform(1, 1.8), seeing.beta), place, log_uniform_scalar(rng, 0.7, 12)
        )


def add_trails(rng: np.random.Generator, image: np.ndarray, seeing: Seeing, count: int) -> list[SkyObject]:
    """Add asteroid trails and return their annotations, except those outside the image."""
    objects = []
    shortest = max(SHORTEST, LEAST_ELONGATED * seeing.fwhm)
    for _ in range(count):
        way = straight(anywhere(rng, image), log_uniform_scalar(rng, shortest, LONGEST), rng.uniform(0, np.pi))
        objects.append(add_trail(image, seeing, way, log_uniform_scalar(rng, FAINTEST, BRIGHTEST)))
    return [obj for obj in objects if obj is not None]


def add_trail(image: np.ndarray, seeing: Seeing, way: np.ndarray, snr: float) -> SkyObject | None:
    """Add one trail along a polyline, S/N per pixel on its ridge; None if less than half is inside."""
    add_path(image, seeing, way, snr)
    inside = ((way >= 0) & (way <= np.array(image.shape[::-1]) - 1)).all(1)
    if inside.mean() < 0.5:
        return None
    width = float(np.clip(LISTED_WIDTH * seeing.fwhm, 7.0, 12.0))
    return SkyObject("ASTEROID", way[inside], numbers={"snr": snr, "width": width})


def add_scratches(rng: np.random.Generator, image: np.ndarray, seeing: Seeing) -> list[SkyObject]:
    """Add scratches and dust, sharper than any star, and strokes of ink, broader than any."""
    objects = []
    for _ in range(rng.poisson(2)):
        sharp = rng.random() < 0.75
        width = rng.uniform(0.7, 1.2) if sharp else seeing.fwhm * rng.uniform(2, 3.5)
        way = straight(
            anywhere(rng, image), log_uniform_scalar(rng, 4, 120), rng.uniform(0, np.pi), rng.normal(0, 0.08)
        )
        add_path(
            image, Seeing(width, 6.0), way, log_uniform_scalar(rng, 2, 40) if sharp else log_uniform_scalar(rng, 8, 100)
        )
        objects.append(SkyObject("COSMIC_RAY", way, numbers={"width": max(5.0, width)}))
    for _ in range(rng.poisson(4)):
        add_path(image, Seeing(0.8, 6.0), straight(anywhere(rng, image), rng.uniform(0.5, 4), rng.uniform(0, 3.2)), 9)
    return objects


def add_edge(rng: np.random.Generator, image: np.ndarray) -> None:
    """Darken the area beyond the edge of a plate, in place."""
    turn = rng.uniform(0, 2 * np.pi)
    dx, dy = (np.arange(side) - rng.uniform(0.05, 0.95) * side for side in image.shape[::-1])
    image -= (np.cos(turn) * dx + np.sin(turn) * dy[:, None] > 0) * np.float32(log_uniform_scalar(rng, 5, 60))


def anywhere(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """Draw a position (2,), x and y in pixels, uniform over an image (H, W)."""
    return rng.uniform(0, 1, 2) * np.array(image.shape[::-1])


def direction(angle: float) -> np.ndarray:
    """Return the unit vector (2,), x and y, at an angle in radians from +x towards +y."""
    return np.array([np.cos(angle), np.sin(angle)])
