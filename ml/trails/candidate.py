"""Trail candidates from maps: traced curves and the features measured along them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from ml.imaging.polyline import length_of, sagitta, smooth, tangents
from ml.trails.cell_linking import Piece, bridged, pieces
from ml.trails.maps import Cells, Maps, cells_of
from ml.trails.profile import REACH, Profile, along, full_width, snr_per_pixel, trimmed_to_light

LEAST = 0.4  # minimum foreground probability
PLAUSIBLE = 0.05  # minimum mean probability of a trail or look-alike for a candidate
EDGE = 8.0  # pixels from the image's edge within which a line may continue outside
Array = NDArray[Any]


@dataclass(frozen=True)
class Candidate:
    """A candidate trail, not yet classified.

    Attributes
    ----------
    curve
        (17, 2) pixels.
    probabilities
        (K,) mean class probabilities of its cells.
    snr, width
        S/N per pixel of the ridge, and full width at half of it in pixels.
    features
        (F,) features for the classifier; None if the network sees no trail: its own probabilities are used then.
    """

    curve: NDArray[np.float64]
    probabilities: NDArray[np.float64]
    snr: float
    width: float
    features: NDArray[np.float32] | None


def trail_candidates(maps: Maps, noise_units: Array, least: float = LEAST) -> list[Candidate]:
    """Return the candidates of an image (H, W), given its maps and the image in units of its noise."""
    cells = cells_of(maps, least)
    found = pieces(maps, cells)
    traced = [Piece(_curve(cells, piece), cells.probabilities[piece].mean(0)) for piece in found]
    chains = bridged(traced)
    made = []
    for chain in chains:
        numbers = np.concatenate([found[n][::-1] if turned else found[n] for n, turned in chain])
        curve = traced[chain[0][0]].curve if len(chain) == 1 else _curve(cells, numbers)
        made.append(_measured(curve, cells.probabilities[numbers], noise_units, len(chain)))
    return made


def _curve(cells: Cells, piece: NDArray[np.intp]) -> NDArray[np.float64]:
    return smooth(cells.point[piece], np.maximum(1 - cells.probabilities[piece, 0], 0.05))


def _measured(curve: NDArray[np.float64], probabilities: Array, noise_units: Array, joined: int) -> Candidate:
    plausible = probabilities[:, 1].mean() >= PLAUSIBLE
    if plausible:
        curve = trimmed_to_light(noise_units, curve)
    profile = along(noise_units, curve)
    across = profile.across()
    snr, width = snr_per_pixel(across), full_width(across)
    if not plausible:
        return Candidate(curve, probabilities.mean(0), snr, width, None)
    features = np.concatenate([
        _log(probabilities.mean(0)),
        _log(np.quantile(probabilities[:, 1:], 0.9, axis=0)),
        _shape(curve, noise_units.shape),
        _light(profile, across),
        [len(probabilities) / max(length_of(curve) / 4, 1), np.log(joined)],
        evenness(noise_units, curve),
    ])  # fmt: skip
    return Candidate(curve, probabilities.mean(0), snr, width, np.nan_to_num(features).astype(np.float32))


def _log(probabilities: Array) -> NDArray[np.float64]:
    return np.log(np.clip(probabilities, 1e-4, 1))


def _shape(curve: Array, shape: Sequence[int]) -> list[float]:
    """Return log length, bend, angle to the diagonals (where spikes lie), and the number of ends at the edge."""
    length, chord = max(length_of(curve), 1.0), curve[-1] - curve[0]
    angle = np.arctan2(chord[1], chord[0])
    cut = ends_at_edge(curve, shape)
    bend = sagitta(curve)
    return [np.log(length), np.log1p(bend), 10 * bend / length, np.cos(4 * angle), float(sum(cut)), float(cut[0])]


def ends_at_edge(curve: Array, shape: Sequence[int]) -> list[bool]:
    """Return whether the ends of a curve (n, 2), as x, y, are within 8 pixels of the edge of an image (H, W)."""
    last = np.array([shape[1] - 1, shape[0] - 1])
    return [bool((end < EDGE).any() or (end > last - EDGE).any()) for end in (curve[0], curve[-1])]


def _light(profile: Profile, across: Array) -> list[float]:
    """Return S/N, width, sharpness, evenness along, the brightest pixels nearby, and the contrast of the ends."""
    ridge = np.nan_to_num(np.nanmax(np.nan_to_num(profile.values[REACH - 1 : REACH + 2]), axis=0))
    peak = max(across[REACH - 1 : REACH + 2].max(), 1e-3)
    beside = np.nan_to_num(profile.values)
    third = max(len(ridge) // 3, 1)
    ends, middle = np.concatenate([ridge[:third], ridge[-third:]]), ridge[third:-third] if len(ridge) > 2 else ridge
    return [
        np.arcsinh(peak),
        np.log(full_width(across)),
        across[REACH + 2] / peak,
        across[REACH - 2] / peak,
        across[REACH + 4] / peak,
        across[REACH - 4] / peak,
        float(np.std(ridge) / (np.mean(np.abs(ridge)) + 1)),
        float(np.arcsinh(np.quantile(ridge, 0.1))),
        float(np.arcsinh(beside.max())),
        float(np.arcsinh(beside[:, :third].max()) - np.arcsinh(beside[:, -third:].max())) ** 2,
        float(np.arcsinh(np.median(middle)) - np.arcsinh(np.median(ends))),
        float(np.isnan(profile.values).mean()),
    ]


BEYOND = 12.0  # pixels of extrapolation past each end
INSIDE = 8.0  # pixels of an end
CALM = 7  # samples averaged along


def evenness(noise_units: Array, curve: Array) -> list[float]:
    """Return the light inside and beyond the fainter and the brighter end of a curve (k, 2), and deciles along it.

    Six fractions of the ridge's median, -2..5: inside (8 pixels of each end), beyond (3 to 12 pixels past each), and
    the 1st and 9th decile of the ridge averaged over 7 pixels. The image (H, W) is in units of its noise; NaN counts as
    0.
    """
    profile = along(noise_units, _drawn_on(curve))
    sides = np.nan_to_num(np.concatenate([profile.values[:3], profile.values[-3:]]))
    ridge = np.nan_to_num(profile.values[REACH - 1 : REACH + 2]).mean(0) - np.median(sides)
    step = (length_of(curve) + 2 * BEYOND) / (len(ridge) - 1)
    past, near = round(BEYOND / step), max(round(INSIDE / step), 1)
    middle = uniform_filter1d(ridge[past : len(ridge) - past], CALM, mode="nearest")
    level = max(float(np.median(middle)), 0.3)
    inside = sorted([float(ridge[past : past + near].mean()), float(ridge[::-1][past : past + near].mean())])
    off = max(round((BEYOND - 3) / step), 1)
    beyond = sorted([float(ridge[:off].mean()), float(ridge[::-1][:off].mean())])
    relative = np.array([*inside, *beyond, *np.quantile(middle, [0.1, 0.9])]) / level
    return np.clip(relative, -2, 5).tolist()


def _drawn_on(curve: Array) -> NDArray[np.float64]:
    outward = tangents(curve)
    return np.concatenate([curve[:1] - BEYOND * outward[:1], curve, curve[-1:] + BEYOND * outward[-1:]])
