"""The classical baseline: sums along short lines in every direction (a local Radon transform); no training.

At every pixel it sums over a line of 50 pixels in 32 directions, in units of the sum's noise. It finds lines that are
straight over that length. A true Radon transform sums over the whole image, where a short trail is lost in the noise.
"""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from ml.imaging.background import in_noise
from ml.imaging.polyline import length_of, sagitta, smooth
from ml.trails.annotation import CLASSES
from ml.trails.candidate import Candidate, ends_at_edge, trail_candidates
from ml.trails.detected_trail import Trail, trail_of
from ml.trails.maps import Maps
from ml.trails.profile import REACH, along, full_width, snapped_to_ridge, snr_per_pixel

BIN = 2
LINE = 25  # binned pixels
DIRECTIONS = 32
SIGNIFICANT = 6.0  # minimum of a sum, in units of its noise
BRIGHTEST = 4.0  # clipping level of pixels, so that a single one cannot make a line
STAR = 5.0  # minimum of a source's pixel, in units of the noise
ROUND = 0.45  # axis ratio above which a source is a star or a galaxy
SHORTEST = 12.0  # pixels
PLENTY = 10.0  # S/N per pixel above which the score saturates
SPIKE_REACH, SPIKE_STAR = 100.0, 300.0  # pixels from a star, and its brightest pixel in noise
Array = NDArray[Any]


class ClassicalDetector:
    """Line sums; classes follow from rules, and the score grows with the significance of the whole trail."""

    def candidates(self, pixels: Array) -> tuple[list[Candidate], NDArray[np.float32]]:
        """Return the candidate lines of an image (H, W), and the image in units of its noise."""
        noise_units = in_noise(pixels)
        sums, direction = best_sums(binned(without_stars(noise_units)))
        return trail_candidates(maps_of(sums, direction), noise_units), noise_units

    def trails(self, pixels: Array) -> list[Trail]:
        """Return the trails of an image (H, W) of any size, highest score first; see `LearnedDetector.trails`."""
        found, noise_units = self.candidates(pixels)
        made = [_classified(each, noise_units) for each in found]
        return sorted((trail for trail in made if trail is not None), key=lambda trail: -trail.score)


def without_stars(noise_units: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the image (H, W) with round sources and NaN set to the sky level, 0, and bright pixels clipped.

    A source is a connected region 5 σ above the sky; it is round if the second moments of its pixels are similar.
    """
    image = np.nan_to_num(noise_units)
    number, count = ndimage.label(image > STAR, structure=np.ones((3, 3)))
    if count:
        round_ones = _axis_ratio(number, count) > ROUND
        mask = np.concatenate([[False], round_ones])[number]
        image[ndimage.binary_dilation(mask, np.ones((5, 5)))] = 0
    return np.clip(image, -BRIGHTEST, BRIGHTEST)


def binned(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return sums (H // 2, W // 2) of 2 × 2 pixels, in units of their noise; no odd last row or column, and no NaN."""
    h, w = (side // BIN for side in image.shape)
    return image[: h * BIN, : w * BIN].reshape(h, BIN, w, BIN).sum((1, 3)) / np.float32(BIN)


def best_sums(image: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Return the largest sum along a line through each pixel (H, W), in units of its noise, and its direction.

    A direction is an index, 0 to `DIRECTIONS` - 1, of angles from 0 to π counted from the x axis. The image has no
    NaN; beyond its edge is sky.
    """
    sides = tuple(fft.next_fast_len(side + LINE, real=True) for side in image.shape)
    spectrum = fft.rfft2(image, sides)
    best = np.full(image.shape, -np.inf, dtype=np.float32)
    direction = np.zeros(image.shape, dtype=np.intp)
    for number in range(DIRECTIONS):
        sums = fft.irfft2(spectrum * _line_spectrum(number, sides), sides)[: image.shape[0], : image.shape[1]]
        better = sums > best
        best[better], direction[better] = sums[better], number
    return best, direction


def maps_of(sums: NDArray[np.float32], direction: NDArray[np.intp]) -> Maps:
    """Return maps (h, w) of `best_sums` (2 h, 2 w), a quarter of the image: sums without a stronger one beside them.

    A sum of `SIGNIFICANT` has a probability of one half.
    """
    h, w = (side // 2 * 2 for side in sums.shape)
    blocks = sums[:h, :w].reshape(h // 2, 2, w // 2, 2).transpose(0, 2, 1, 3).reshape(h // 2, w // 2, 4)
    turned = direction[:h, :w].reshape(h // 2, 2, w // 2, 2).transpose(0, 2, 1, 3).reshape(h // 2, w // 2, 4)
    pick = blocks.argmax(2)[..., None]
    strength = np.take_along_axis(blocks, pick, 2)[..., 0]
    angle = np.take_along_axis(turned, pick, 2)[..., 0] * np.pi / DIRECTIONS
    p_trail = np.where(_is_ridge(strength, angle), 1 / (1 + np.exp(SIGNIFICANT - strength)), 0.0)
    probabilities = np.zeros((1 + len(CLASSES), *p_trail.shape), dtype=np.float32)
    probabilities[0], probabilities[1] = 1 - p_trail, p_trail
    return Maps(
        probabilities, np.stack([np.cos(2 * angle), np.sin(2 * angle)]).astype(np.float32), np.zeros_like(strength)
    )


def _is_ridge(strength: Array, angle: Array) -> NDArray[np.bool_]:
    """Return where no sum 1.5 cells to either side of the line is larger (non-maximum suppression)."""
    rows, columns = np.indices(strength.shape)
    aside = []
    for sign in (-1.5, 1.5):
        i = np.clip(np.rint(rows + sign * np.cos(angle)).astype(int), 0, strength.shape[0] - 1)
        j = np.clip(np.rint(columns - sign * np.sin(angle)).astype(int), 0, strength.shape[1] - 1)
        aside.append(strength[i, j])
    return strength >= np.maximum(*aside)


@lru_cache(maxsize=4 * DIRECTIONS)
def _line_spectrum(number: int, sides: tuple[int, int]) -> NDArray[np.complex64]:
    """Return the spectrum of a line through the origin, normalised so that unit noise stays unit noise."""
    angle = np.pi * number / DIRECTIONS
    steps = np.linspace(-(LINE - 1) / 2, (LINE - 1) / 2, 4 * LINE)
    kernel = np.zeros(sides, dtype=np.float32)
    np.add.at(kernel, (np.rint(steps * np.sin(angle)).astype(int), np.rint(steps * np.cos(angle)).astype(int)), 1)
    kernel /= np.sqrt((kernel**2).sum())
    return np.conj(fft.rfft2(kernel)).astype(np.complex64)


def _axis_ratio(number: NDArray[np.intp], count: int) -> NDArray[np.float64]:
    """Return the axis ratio (count,) of labelled sources by the second moments of their pixels."""
    rows, columns = np.nonzero(number)
    which = number[rows, columns] - 1
    mass = np.bincount(which, minlength=count)
    x, y = (np.bincount(which, part, count) / mass for part in (columns, rows))
    dx, dy = columns - x[which], rows - y[which]
    xx, yy, xy = (np.bincount(which, part, count) / mass + pixel for part, pixel in
                  ((dx * dx, 1 / 12), (dy * dy, 1 / 12), (dx * dy, 0)))  # fmt: skip
    middle, half = (xx + yy) / 2, np.hypot((xx - yy) / 2, xy)
    return np.sqrt(np.maximum(middle - half, 0) / (middle + half))


def _classified(found: Candidate, noise_units: NDArray[np.float32]) -> Trail | None:
    """Trim a line to where there is light, and classify it by rules; None if nothing is left."""
    curve = trimmed_to_ridge(noise_units, snapped_to_ridge(noise_units, found.curve))
    length = length_of(curve)
    if length < SHORTEST:
        return None
    profile = along(noise_units, curve)
    across = profile.across()
    snr, width = snr_per_pixel(across), full_width(across)
    if snr <= 0:
        return None
    ridge = np.nan_to_num(profile.values[REACH])
    even_light = 1 / (1 + np.std(ridge) / (abs(np.mean(ridge)) + 1))
    significance = min(snr, PLENTY) * np.sqrt(length)
    score = significance / (significance + 25) * even_light / (1 + max(sagitta(curve) / length - 0.05, 0) * 10)
    probabilities = np.zeros(1 + len(CLASSES))
    probabilities[1 + CLASSES.index(_class_by_rule(curve, width, noise_units))] = 1
    probabilities *= score
    if probabilities[1] == 0:
        probabilities[1] = 0.02 * score  # another class by the rules, which can be wrong
    probabilities[0] = 1 - probabilities[1:].sum()
    return trail_of(curve, probabilities, width, snr, noise_units.shape)


def _class_by_rule(curve: Array, width: float, noise_units: Array) -> str:
    """Classify by rule: satellites cross from edge to edge, spikes end at a star, cosmic rays are short and sharp."""
    if all(ends_at_edge(curve, noise_units.shape)):
        return "SATELLITE"
    if _ends_at_a_star(noise_units, curve):
        return "SPIKE"
    return "COSMIC_RAY" if width < 1.5 and length_of(curve) < 40 else "ASTEROID"


def _ends_at_a_star(noise_units: Array, curve: Array) -> bool:
    """Return whether a bright star lies on the line, or on its extension by a spike's reach."""
    chord = (curve[-1] - curve[0]) / max(float(np.hypot(*(curve[-1] - curve[0]))), 1e-9)
    drawn_on = np.stack([curve[0] - SPIKE_REACH * chord, curve[-1] + SPIKE_REACH * chord])
    values = np.nan_to_num(along(noise_units, drawn_on).values[REACH - 3 : REACH + 4])
    return bool(values.max() > SPIKE_STAR)


def trimmed_to_ridge(noise_units: Array, curve: Array) -> NDArray[np.float64]:
    """Return the part of a curve along which the ridge keeps a third of its middle brightness.

    A sum along a line is significant beyond the trail's ends too, as long as half of the line lies on it.

    `noise_units` is (H, W), where NaN counts as sky; `curve` and the result are (P, 2) pixels (x, y).
    """
    profile = along(noise_units, curve)
    ridge = np.nan_to_num(profile.values[REACH - 1 : REACH + 2]).mean(0)
    calm = ndimage.uniform_filter1d(np.clip(ridge, -3, 30), min(9, len(ridge)), mode="nearest")
    bright = ndimage.binary_closing(np.pad(calm > max(np.quantile(calm, 0.8) / 3, 0.3), 12), np.ones(25))[12:-12]
    number, count = ndimage.label(bright)
    if not count:
        return curve
    longest = 1 + int(np.bincount(number[number > 0])[1:].argmax())
    longest_run = np.flatnonzero(number == longest)
    part = profile.points[longest_run[0] : longest_run[-1] + 1]
    return smooth(part, np.ones(len(part))) if len(part) > 1 else curve
