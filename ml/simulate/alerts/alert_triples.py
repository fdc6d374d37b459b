"""Science, template and difference stamps of one place, as a survey's alerts hold them.

The three planes share one sky: static stars and galaxies are in the first two, and leave residuals in the third from
imperfect photometric scale, registration and kernels; what came or went since the template is in one of the first two.
Everything is in units of the noise of the science exposure.
"""

from dataclasses import dataclass, fields

import numpy as np

from ml.simulate.alerts import alert_light as light
from ml.simulate.alerts.alert_light import Psf
from ml.simulate.rendering.light import as_cube

SIZE = 72
MOVERS = ("POINT", "TRAIL", "COMET")
SHARES = {
    "POINT": 0.26, "TRAIL": 0.1, "COMET": 0.04, "STAR": 0.12, "TRANSIENT": 0.07, "GALAXY": 0.07, "DIPOLE": 0.1,
    "NEGATIVE": 0.05, "COSMIC_RAY": 0.07, "BLEED": 0.04, "SPIKE": 0.03, "SATELLITE": 0.02, "NOISE": 0.03,
}  # fmt: skip


@dataclass
class Triples:
    """Drawn alerts.

    pixels : (n, 3, size, size) float32: science, template, difference; NaN where masked.
    kind : (n,) str, of `SHARES`.
    length, angle : (n,) of the trail in pixels and radians from +x towards +y; NaN without one.
    x, y : (n,) position of the source in pixels.
    """

    pixels: np.ndarray
    kind: np.ndarray
    length: np.ndarray
    angle: np.ndarray
    x: np.ndarray
    y: np.ndarray


def alert_triples(rng: np.random.Generator, n: int, size: int = SIZE) -> Triples:
    """Draw n alerts.

    Parameters
    ----------
    rng : numpy Generator
    n : int
    size : int
        Side in pixels.
    """
    kind = rng.choice(list(SHARES), n, p=list(SHARES.values()))
    science = light.draw_psf(rng, n, 1.4, 5.0)
    template = light.draw_psf(rng, n, 1.3, 3.5)
    x, y = (size - 1) / 2 + rng.normal(0, 0.5, (2, n))
    length, angle = np.full(n, np.nan), np.full(n, np.nan)
    sky = _Sky(*(np.zeros((n, size, size), np.float32) for _ in range(5)))
    _add_field(rng, sky, science, template, size)
    for name in SHARES:
        rows = np.flatnonzero(kind == name)
        if len(rows):
            given = _Place(x[rows], y[rows], science.take(rows), template.take(rows), size)
            painted = sky.take(rows)
            length[rows], angle[rows] = CENTRES[name](rng, painted, given)
            sky.put(rows, painted)
    return Triples(_exposed(rng, sky), kind, length, angle, x, y)


@dataclass
class _Sky:
    """Light (n, size, size) without noise.

    science, template : of static sources, in either exposure.
    matched : the template as the subtraction brings it to the seeing of the science exposure.
    change : what the science exposure has more than before; negative for what faded.
    residual : artefacts of the subtraction, in the difference alone.
    """

    science: np.ndarray
    template: np.ndarray
    matched: np.ndarray
    change: np.ndarray
    residual: np.ndarray

    def take(self, rows: np.ndarray) -> "_Sky":
        return _Sky(*(getattr(self, one.name)[rows] for one in fields(self)))

    def put(self, rows: np.ndarray, painted: "_Sky") -> None:
        for one in fields(self):
            getattr(self, one.name)[rows] = getattr(painted, one.name)


@dataclass
class _Place:
    """Where the central sources are, and the point spread functions there."""

    x: np.ndarray
    y: np.ndarray
    science: Psf
    template: Psf
    size: int

    def __len__(self) -> int:
        return len(self.x)

    def stars(self, dx: np.ndarray | float = 0.0, dy: np.ndarray | float = 0.0) -> tuple[np.ndarray, np.ndarray]:
        """Return stars of the same flux in the science exposure and in the template, of peak 1 in the former."""
        ratio = as_cube((self.science.fwhm / self.template.fwhm) ** 2)
        seen = light.star(self.x + dx, self.y + dy, self.science, self.size)
        return seen, ratio * light.star(self.x + dx, self.y + dy, self.template, self.size)


Trails = tuple[np.ndarray | float, np.ndarray | float]
NO_TRAIL = (np.nan, np.nan)


def log_uniform(rng: np.random.Generator, low: float, high: float, n: int) -> np.ndarray:
    return np.asarray(np.exp(rng.uniform(np.log(low), np.log(high), n)))


def of_snr(template: np.ndarray, snr: np.ndarray) -> np.ndarray:
    """Scale images (n, size, size) to a matched-filter S/N in unit noise within 11 pixels of the centre."""
    middle = template.shape[-1] // 2
    core = template[:, middle - 11 : middle + 12, middle - 11 : middle + 12]
    return np.asarray(template * as_cube(snr / np.sqrt(np.maximum((core**2).sum((1, 2)), 1e-9))))


def _add_field(rng: np.random.Generator, sky: _Sky, science: Psf, template: Psf, size: int) -> None:
    """Add stars and galaxies by chance, a tenth of the stars variable."""
    n = len(sky.science)
    rows = np.repeat(np.arange(n), rng.poisson(log_uniform(rng, 0.3, 15, n)))
    place = _Place(*rng.uniform(0, size, (2, len(rows))), science.take(rows), template.take(rows), size)
    seen, before = place.stars()
    peak = as_cube(np.minimum(1.5 * rng.random(len(rows)) ** -1.1, 2000))
    brighter = as_cube(np.where(rng.random(len(rows)) < 0.1, rng.uniform(0.6, 1.5, len(rows)), 1))
    _add_static(sky, rows, seen * peak, before * peak, brighter)
    rows = np.repeat(np.arange(n), rng.poisson(0.7, n))
    place = _Place(*rng.uniform(0, size, (2, len(rows))), science.take(rows), template.take(rows), size)
    seen, before = _galaxies(rng, place)
    _add_static(sky, rows, seen, before, np.ones((len(rows), 1, 1)))


def _add_static(
    sky: _Sky, rows: np.ndarray, seen: np.ndarray, before: np.ndarray, brighter: np.ndarray | float
) -> None:
    np.add.at(sky.science, rows, seen * brighter)
    np.add.at(sky.matched, rows, seen)
    np.add.at(sky.template, rows, before)


def _galaxies(rng: np.random.Generator, at: _Place) -> tuple[np.ndarray, np.ndarray]:
    n = len(at)
    shape = {
        "scale": log_uniform(rng, 0.8, 8, n), "ratio": rng.uniform(0.3, 1, n), "angle": rng.uniform(0, np.pi, n),
    }  # fmt: skip
    peak = as_cube(log_uniform(rng, 1, 150, n))
    return tuple(peak * light.disc(shape, at.x, at.y, psf, at.size) for psf in (at.science, at.template))  # type: ignore[return-value]


def point(rng: np.random.Generator, sky: _Sky, at: _Place) -> Trails:
    """Add a mover that is new in the science exposure, most of them faint."""
    snr = np.where(rng.random(len(at)) < 0.65, rng.uniform(5, 20, len(at)), log_uniform(rng, 20, 300, len(at)))
    sky.change += of_snr(at.stars()[0], snr)
    return NO_TRAIL


def trailed(rng: np.random.Generator, sky: _Sky, at: _Place) -> Trails:
    """Add a trail from 0.8 seeing widths to 45 pixels."""
    length = log_uniform(rng, 1, 45 / 5, len(at)) * np.maximum(0.8 * at.science.fwhm, 3)
    length, angle = np.minimum(length, 45), rng.uniform(0, np.pi, len(at))
    painted = light.streak(at.x, at.y, length, angle, at.science, at.size)
    sky.change += of_snr(painted, log_uniform(rng, 7, 100, len(at)))
    return length, angle


def comet(rng: np.random.Generator, sky: _Sky, at: _Place) -> Trails:
    sky.change += of_snr(light.comet(rng, at.x, at.y, at.science, at.size), log_uniform(rng, 8, 150, len(at)))
    return NO_TRAIL


def variable(rng: np.random.Generator, sky: _Sky, at: _Place) -> Trails:
    """Add a star in both exposures that has become brighter or fainter."""
    change = of_snr(at.stars()[0], log_uniform(rng, 5, 200, len(at)))
    seen, before = at.stars()
    peak = as_cube(log_uniform(rng, 0.4, 20, len(at))) * change.max((1, 2), keepdims=True)
    sign = as_cube(np.where(rng.random(len(at)) < 0.7, 1, -0.9))
    sky.science += peak * seen
    sky.matched += peak * seen
    sky.template += peak * before
    sky.change += np.maximum(sign * change, -peak * seen)
    return NO_TRAIL


def transient(rng: np.random.Generator, sky: _Sky, at: _Place) -> Trails:
    """Add a new source on a galaxy that is in both exposures."""
    away, turn = rng.exponential(2.0, len(at)), rng.uniform(0, 2 * np.pi, len(at))
    host = _Place(at.x + away * np.cos(turn), at.y + away * np.sin(turn), at.science, at.template, at.size)
    galaxy(rng, sky, host)
    sky.change += of_snr(at.stars()[0], log_uniform(rng, 5, 80, len(at)))
    return NO_TRAIL


def galaxy(rng: np.random.Generator, sky: _Sky, at: _Place) -> Trails:
    """Add a galaxy whose subtraction leaves a residual, if only by chance."""
    seen, before = _galaxies(rng, at)
    bright = as_cube(rng.uniform(1, 4, len(at)))
    sky.science += bright * seen
    sky.matched += bright * seen
    sky.template += bright * before
    sky.residual += as_cube(rng.normal(0, 0.05, len(at))) * bright * seen
    return NO_TRAIL


def dipole(rng: np.random.Generator, sky: _Sky, at: _Place) -> Trails:
    """Add a star that the subtraction has left residuals of: a dipole, a ring, or too much of it."""
    seen, before = at.stars()
    n = len(at)
    turn, mix = rng.uniform(0, 2 * np.pi, n), rng.dirichlet([1, 0.7, 0.4], n)
    shifted = at.stars(0.3 * np.cos(turn), 0.3 * np.sin(turn))[0] - seen
    ring = light.star(at.x, at.y, Psf(1.15 * at.science.fwhm, *_rest(at.science)), at.size) / 1.32 - seen
    sign = np.where(rng.random((3, n)) < 0.5, 1, -1)
    parts = (shifted, ring, seen)
    unit = [of_snr(part, np.ones(n)) for part in parts]
    left = sum(as_cube(mix[:, k] * sign[k]) * unit[k] for k in range(3))
    left = of_snr(np.asarray(left), log_uniform(rng, 6, 120, n))
    peak = as_cube(log_uniform(rng, 3, 60, n)) * np.abs(left).max((1, 2), keepdims=True)
    sky.science += peak * seen
    sky.matched += peak * seen
    sky.template += peak * before
    sky.residual += left
    return NO_TRAIL


def _rest(psf: Psf) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return psf.beta, psf.ratio, psf.angle


def negative(rng: np.random.Generator, sky: _Sky, at: _Place) -> Trails:
    """Add a source that is only in the template."""
    gone = of_snr(at.stars()[0], log_uniform(rng, 5, 150, len(at)))
    sky.template += gone.max((1, 2), keepdims=True) * at.stars()[1]
    sky.matched += gone
    return NO_TRAIL


def cosmic_ray(rng: np.random.Generator, sky: _Sky, at: _Place) -> Trails:
    sky.change += of_snr(light.hit(rng, at.x, at.y, at.size), log_uniform(rng, 6, 250, len(at)))
    return NO_TRAIL


def bleed(rng: np.random.Generator, sky: _Sky, at: _Place) -> Trails:
    return _residual_of(sky, rng, light.column(rng, at.x, at.y, at.size), 5, 80)


def spike(rng: np.random.Generator, sky: _Sky, at: _Place) -> Trails:
    return _residual_of(sky, rng, light.spikes(rng, at.x, at.y, at.size), 5, 80)


def _residual_of(sky: _Sky, rng: np.random.Generator, pattern: np.ndarray, low: float, high: float) -> Trails:
    """Add a pattern to both exposures, and a remainder of either sign to the difference."""
    n = len(pattern)
    left = of_snr(pattern, log_uniform(rng, low, high, n))
    sign = as_cube(np.where(rng.random(n) < 0.75, 1, -1))
    whole = left * as_cube(log_uniform(rng, 0.5, 8, n))
    sky.science += whole
    sky.matched += whole
    sky.template += whole * as_cube(rng.uniform(0.5, 1.5, n))
    sky.residual += sign * left
    return NO_TRAIL


def satellite(rng: np.random.Generator, sky: _Sky, at: _Place) -> Trails:
    """Add a line across the whole stamp."""
    angle = rng.uniform(0, np.pi, len(at))
    painted = light.streak(at.x, at.y, np.full(len(at), 4.0 * at.size), angle, at.science, at.size)
    sky.change += of_snr(painted, log_uniform(rng, 10, 300, len(at)))
    return np.full(len(at), float(at.size)), angle


def noise_peak(rng: np.random.Generator, sky: _Sky, at: _Place) -> Trails:
    """Add a peak of the noise, which is narrower or wider than a star, or not there at all."""
    wide = Psf(at.science.fwhm * rng.uniform(0.6, 1.6, len(at)), *_rest(at.science))
    snr = np.minimum(rng.choice([0.0, 3.0], len(at), p=[0.3, 0.7]) * rng.uniform(1, 1.7, len(at)), 5)
    sky.change += of_snr(light.star(at.x, at.y, wide, at.size), snr)
    return NO_TRAIL


CENTRES = {
    "POINT": point, "TRAIL": trailed, "COMET": comet, "STAR": variable, "TRANSIENT": transient, "GALAXY": galaxy,
    "DIPOLE": dipole, "NEGATIVE": negative, "COSMIC_RAY": cosmic_ray, "BLEED": bleed, "SPIKE": spike,
    "SATELLITE": satellite, "NOISE": noise_peak,
}  # fmt: skip


def _exposed(rng: np.random.Generator, sky: _Sky) -> np.ndarray:
    """Return the three planes (n, 3, size, size) with noise, residuals of the static sky, gradients and masks."""
    n, size = sky.science.shape[:2]
    gain, depth = as_cube(log_uniform(rng, 0.01, 0.3, n)), as_cube(log_uniform(rng, 0.15, 0.9, n))
    ours = _noise(rng, sky.science + sky.change, gain)
    theirs = depth * _noise(rng, sky.template, gain)
    smoothness = rng.uniform(0, 0.35, n)
    difference = sky.science - sky.matched + _imperfect(rng, sky.matched) + ours - _correlated(theirs, smoothness)
    coarse = np.where(rng.random(n) < 0.5, rng.uniform(0, 0.3, n), 0)
    difference = _correlated(difference, coarse) + sky.change + sky.residual
    science = sky.science + sky.change + ours
    pixels = np.stack([science, sky.template + theirs, difference], axis=1)
    slope = rng.normal(0, 0.4, (n, 3, 2, 1, 1)).astype(np.float32)
    ramp = np.linspace(-0.5, 0.5, size, dtype=np.float32)
    pixels += slope[:, :, 0] * ramp + slope[:, :, 1] * ramp[:, None]
    _mask(rng, pixels, sky.science)
    return pixels


def _noise(rng: np.random.Generator, bright: np.ndarray, gain: np.ndarray) -> np.ndarray:
    return rng.standard_normal(bright.shape, dtype=np.float32) * np.sqrt(1 + gain * np.maximum(bright, 0))


def _imperfect(rng: np.random.Generator, static: np.ndarray) -> np.ndarray:
    """Return residuals of the static sky: of scale, of registration (pixels), and of the kernel's width."""
    scale, width, right, down = (as_cube(rng.normal(0, s, len(static))) for s in (0.015, 0.02, 0.04, 0.04))
    by_y, by_x = np.gradient(static, axis=(1, 2))
    return scale * static + right * by_x + down * by_y + width * (np.gradient(by_x, axis=2) + np.gradient(by_y, axis=1))


def _correlated(values: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Mix each pixel with its neighbours, as resampling and kernels do; white noise keeps its variance."""
    mix = as_cube(share)
    for axis in (1, 2):
        values = (values + mix * (np.roll(values, 1, axis) + np.roll(values, -1, axis))) / np.sqrt(1 + 2 * mix**2)
    return values


def _mask(rng: np.random.Generator, pixels: np.ndarray, bright: np.ndarray) -> None:
    """Mask saturated pixels in some stamps, and what lies beyond the edge of the detector in others."""
    n, size = len(pixels), pixels.shape[-1]
    saturates = rng.random(n) < 0.15
    burnt = (bright > 400) & saturates[:, None, None]
    pixels[:, 0][burnt] = np.nan
    pixels[:, 2][burnt] = np.nan
    for row in np.flatnonzero(rng.random(n) < 0.04):
        beyond = int(rng.integers(1, size // 2 - 8))
        for plane in np.rot90(pixels[row], int(rng.integers(4)), axes=(1, 2)):
            plane[:beyond] = np.nan
