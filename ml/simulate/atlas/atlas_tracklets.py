"""Tracklets of an ATLAS-like night: the source in each frame, and when and where it is seen."""

from dataclasses import dataclass

import numpy as np
from astropy import units
from astropy.coordinates import SkyCoord

from ml.simulate.atlas.difference import BOGUS, REAL, Sources, Span, draw_sources
from ml.simulate.rendering.log_uniform import log_uniform

MAX_DETECTIONS = 8
PIXEL_SCALE = 1.86
EXPTIME = 30.0
FIRST_NIGHT = 60600
COUNTS, COUNT_CHANCES = (3, 4, 5, 6, 7, 8), (0.1, 0.65, 0.12, 0.07, 0.04, 0.02)
REPEATING = ("BURN", "SCAR", "SPIKE")
SATELLITE = "SATELLITE"
CHANCE_ALIGNMENT = 0.35
SAME_PIXEL = 0.5
DETECTOR_SIDE = 10_560
POINTING_ERROR = 5.0


@dataclass
class Tracklets:
    """Frames of all tracklets, concatenated; tracklet i has `count[i]` of them.

    fixed : (n,) bool, tracklets of one artefact that repeats on the same pixel.
    """

    frames: Sources
    count: np.ndarray
    fixed: np.ndarray


@dataclass
class Visits:
    """Time and position of each frame's source.

    ra, dec : degrees (ICRS).
    mjd : UTC, mid-exposure.
    rate : arcsec per hour.
    x, y : pixels of the detector.
    """

    ra: np.ndarray
    dec: np.ndarray
    mjd: np.ndarray
    rate: np.ndarray
    x: np.ndarray
    y: np.ndarray


def draw_tracklets(
    rng: np.random.Generator, label: np.ndarray, detections: int | None, snr: Span | None = None
) -> Tracklets:
    """Draw the source in each frame of each tracklet.

    Parameters
    ----------
    rng : numpy Generator
    label : (n,) array of str
        Class of each tracklet, or `SATELLITE`.
    detections : int or None
        Frames of each; None draws 3 to 8, mostly 4.
    snr : pair of floats, optional
        As in `draw_sources`.

    Notes
    -----
    A real tracklet shows one object throughout. A bogus one shows the same artefact repeatedly (burns, scars and spikes
    stay, half of them on exactly the same pixel), new ones of the same class (cosmic rays and noise do not stay), or,
    in about a third, a chance alignment of several classes, the tracklet's own among them at least twice. A satellite
    leaves glints, each like a real point or streak but with different brightness, on a line that does not match their
    shapes.
    """
    n = len(label)
    count = np.full(n, detections) if detections else rng.choice(COUNTS, n, p=COUNT_CHANCES)
    glints = np.where(rng.random(n) < 0.6, "AST", "STREAK")
    frame_class = np.where(label == SATELLITE, glints, label)
    mixed = np.isin(label, BOGUS) & (rng.random(n) < CHANCE_ALIGNMENT)
    frame_label = np.repeat(frame_class, count)
    stays = np.isin(label, (*REAL, *REPEATING)) & ~mixed
    shuffle_chance_alignments(rng, frame_label, count, mixed)
    fresh = draw_sources(rng, frame_label, snr)
    lasting = draw_sources(rng, frame_class, snr).repeated(count)
    fixed = stays & np.isin(label, REPEATING) & (rng.random(n) < SAME_PIXEL)
    return Tracklets(merge(rng, fresh, lasting, np.repeat(stays, count)), count, fixed)


def shuffle_chance_alignments(
    rng: np.random.Generator, frame_label: np.ndarray, count: np.ndarray, mixed: np.ndarray
) -> None:
    """Replace all but two frames of mixed tracklets; one in eight of those is a real variable star."""
    first = np.cumsum(count) - count
    for row in np.flatnonzero(mixed):
        others = first[row] + rng.permutation(count[row])[2:]
        frame_label[others] = rng.choice(BOGUS, len(others))
        if rng.random() < 0.125:
            frame_label[others[0]] = "AST"


def merge(rng: np.random.Generator, fresh: Sources, lasting: Sources, stays: np.ndarray) -> Sources:
    """Take each frame from `lasting` where `stays`, else from `fresh`; brightness varies a little between frames."""
    shapes = {}
    for name in fresh.shapes.keys() | lasting.shapes.keys():
        rows = np.flatnonzero(fresh.label == name)
        if not len(rows):
            continue
        old = stays[rows]
        shapes[name] = {key: value.copy() for key, value in fresh.shapes[name].items()}
        if old.any():
            lasting_rows = stays[lasting.rows(name)]
            for key, value in shapes[name].items():
                value[old] = lasting.shapes[name][key][lasting_rows]
    snr = np.where(stays, lasting.snr, fresh.snr) * rng.lognormal(0, 0.12, len(stays))
    return Sources(fresh.label, dict(sorted(shapes.items())), snr)


def visit(
    rng: np.random.Generator,
    frames: Sources,
    count: np.ndarray,
    slow: np.ndarray | None = None,
    fixed: np.ndarray | None = None,
) -> Visits:
    """Place n objects on the night's sky and move them along great circles.

    Parameters
    ----------
    rng : numpy Generator
    frames : Sources
        All frames, one object after another.
    count : (n,) int array
        Frames of each object.
    slow : (n,) bool array, optional
        Objects without a motion of their own: their detections scatter about the line that linked them.
    fixed : (n,) bool array, optional
        Objects fixed on one pixel of the detector while the telescope's pointing drifts along the line.

    Returns
    -------
    Visits of all frames; streaks move with the rate and direction of their trails.
    """
    n, first = len(count), np.cumsum(count) - count
    slow = np.zeros(n, bool) if slow is None else slow
    ra, dec = draw_field(rng, n)
    start = FIRST_NIGHT + rng.uniform(0.25, 0.6, n)
    gap = rng.uniform(8, 12, n) / 1440
    elapsed = (np.arange(len(frames.label)) - np.repeat(first, count)) * np.repeat(gap, count)
    rate, angle = motion(rng, frames, first, slow)
    moved, turn = np.repeat(rate, count) * elapsed * 24, np.repeat(angle, count)
    error = astrometric_offsets(rng, frames, np.repeat(slow, count))
    begin = SkyCoord(np.repeat(ra, count), np.repeat(dec, count), unit="deg")
    place = begin.directional_offset_by(turn * units.rad, moved * units.arcsec)
    place = place.spherical_offsets_by(*(error * units.arcsec))
    stuck = np.repeat(np.zeros(n, bool) if fixed is None else fixed, count)
    x, y = on_detector(rng, np.stack([-moved * np.sin(turn), moved * np.cos(turn)]), error, count, stuck)
    return Visits(place.ra.deg, place.dec.deg, np.repeat(start, count) + elapsed, np.repeat(rate, count), x, y)


def on_detector(
    rng: np.random.Generator, moved: np.ndarray, error: np.ndarray, count: np.ndarray, stuck: np.ndarray
) -> np.ndarray:
    """Return detector pixels (2, n) of sky offsets (2, n) in arcsec to the west and north.

    Each exposure's pointing is off by some pixels, so that sky sources never return to the same pixel, and only
    detector defects do.
    """
    base = np.repeat(rng.uniform(100, DETECTOR_SIDE - 100, (2, len(count))), count, axis=1)
    pointing = rng.normal(0, POINTING_ERROR, moved.shape)
    on_sky = (moved + error * np.array([[-1.0], [1.0]])) / PIXEL_SCALE + pointing
    return base + np.where(stuck, rng.normal(0, 0.3, moved.shape), on_sky)


def draw_field(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw positions within 20 degrees of the ecliptic, near opposition on the night."""
    sun = (FIRST_NIGHT - 60389.13) * 360 / 365.25
    ecliptic = SkyCoord(
        sun + 180 + rng.uniform(-60, 60, n),
        rng.normal(0, 8, n).clip(-20, 20),
        unit="deg",
        frame="geocentrictrueecliptic",
    )
    return ecliptic.icrs.ra.deg, ecliptic.icrs.dec.deg


def motion(
    rng: np.random.Generator, frames: Sources, first: np.ndarray, slow: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Rate (arcsec per hour) and position angle (radians, north through east) of each object."""
    rate = log_uniform(rng, 8, 250, len(first))
    angle = rng.uniform(0, 2 * np.pi, len(first))
    rows = frames.rows("STREAK")
    led = np.isin(first, rows) & ~slow
    if led.any():
        shape, which = frames.shapes["STREAK"], np.searchsorted(rows, first[led])
        rate[led] = shape["length"][which] * PIXEL_SCALE * 3600 / EXPTIME
        # North is +y and east is -x, so an angle from +x towards +y is 90 degrees ahead of the position angle.
        angle[led] = shape["angle"][which] - np.pi / 2
    return rate, angle


def astrometric_offsets(rng: np.random.Generator, frames: Sources, slow: np.ndarray) -> np.ndarray:
    """Return errors (2, n) in arcsec: seeing over S/N with a floor of 0.1, or the scatter of look-alikes."""
    sigma = np.hypot(0.1, 2.4 * PIXEL_SCALE / 2.35 / np.maximum(frames.snr, 1))
    sigma = np.where(slow, rng.uniform(0.5, 3.0, len(sigma)), sigma)
    return rng.normal(0, 1, (2, len(sigma))) * sigma
