"""Tracks from voxel probabilities: path, rate, position angle and score."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.cubes.cube import Cube
from ml.cubes.detections import Detections, detect
from ml.cubes.linking import link
from ml.cubes.track_spline import Path, fit
from ml.imaging.wcs import to_sky

PIXEL_SCALE = 21.0  # arcsec: TESS
HOURS = 24.0
ARCSEC = 3600.0


@dataclass(frozen=True)
class Track:
    """A moving object in a cube.

    Attributes
    ----------
    frame, x, y, peak
        (n,) its detections: frames from 0, centroids in pixels from 0, peak probabilities.
    path
        Its spline.
    score
        Mean peak probability over its frames, first to last; frames without a detection count 0.
    """

    frame: NDArray[np.intp]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    peak: NDArray[np.float64]
    path: Path
    score: float

    @property
    def frames(self) -> NDArray[np.intp]:
        """Return every frame from the first detection to the last."""
        return np.arange(self.frame[0], self.frame[-1] + 1)


def tracks_of(p: NDArray[np.float32], threshold: float) -> list[Track]:
    """Return the tracks in probabilities (T, Y, X), highest score first."""
    found = detect(p, threshold)
    return sorted((_track(found, rows) for rows in link(found)), key=lambda track: -track.score)


def _track(found: Detections, rows: NDArray[np.intp]) -> Track:
    frame, x, y, peak = found.frame[rows], found.x[rows], found.y[rows], found.peak[rows]
    score = float(peak.sum() / (frame[-1] - frame[0] + 1))
    return Track(frame, x, y, peak, fit(frame, x, y, peak), score)


def described(track: Track, cube: Cube, pixel_scale: float = PIXEL_SCALE) -> dict[str, Any]:
    """Return a track as JSON-compatible values.

    Parameters
    ----------
    track, cube
        The track, and its cube.
    pixel_scale
        Arcseconds; a WCS takes precedence.

    Returns
    -------
    score; detections; first_frame, last_frame; mjd, x, y, ra, dec at mid-track; rate (″/h) and angle (degrees from +x
    towards +y) there; length (pixels along the path); path: frame, x, y, and mjd, ra and dec where they are known.
    Unknown values are None.
    """
    frames, middle = track.frames, track.path.middle
    places = track.path.at(frames)
    x, y = track.path.at(middle).tolist()
    vx, vy = track.path.velocity(middle).tolist()
    mjd, step = times(cube), hours_per_frame(cube)
    ra, dec = sky(cube, x, y)
    path: dict[str, Any] = {"frame": frames.tolist(), "x": _rounded(places[:, 0], 3), "y": _rounded(places[:, 1], 3)}
    if mjd is not None:
        path["mjd"] = _rounded(mjd[frames], 7)
    on_sky = None if cube.wcs is None else to_sky(cube.wcs, places[:, 0], places[:, 1])
    if on_sky is not None:
        path |= {"ra": _rounded(on_sky[0], 7), "dec": _rounded(on_sky[1], 7)}
    return {
        "score": track.score,
        "detections": len(track.frame),
        "first_frame": int(frames[0]),
        "last_frame": int(frames[-1]),
        "mjd": None if mjd is None else float(np.interp(middle, np.arange(len(mjd)), mjd)),
        "x": x,
        "y": y,
        "ra": ra,
        "dec": dec,
        "rate": None if step is None else float(np.hypot(vx, vy)) * scale_at(cube, x, y, pixel_scale) / step,
        "angle": float(np.degrees(np.arctan2(vy, vx))) % 360,
        "length": float(np.hypot(*np.diff(places, axis=0).T).sum()),
        "path": path,
    }


def times(cube: Cube) -> NDArray[np.float64] | None:
    """Return the frames' times (T,), MJD in UTC, interpolating gaps; None with fewer than two."""
    known = np.isfinite(cube.mjd)
    if known.sum() < 2:
        return None
    frames = np.arange(len(cube.mjd))
    return np.interp(frames, frames[known], cube.mjd[known])


def hours_per_frame(cube: Cube) -> float | None:
    """Return the median time step in hours; None if times are unknown or constant."""
    mjd = times(cube)
    step = 0.0 if mjd is None else float(np.median(np.diff(mjd))) * HOURS
    return step if step > 0 else None


def sky(cube: Cube, x: float, y: float) -> tuple[float | None, float | None]:
    """Return right ascension and declination of a pixel, degrees; None without a WCS."""
    place = None if cube.wcs is None else to_sky(cube.wcs, x, y)
    return (None, None) if place is None else (float(place[0]), float(place[1]))


def scale_at(cube: Cube, x: float, y: float, pixel_scale: float) -> float:
    """Return arcseconds per pixel: from the WCS at a position, or `pixel_scale` without one."""
    if cube.wcs is None:
        return pixel_scale
    around = to_sky(cube.wcs, x + np.array([-0.5, 0.5, 0, 0]), y + np.array([0, 0, -0.5, 0.5]))
    if around is None:
        return pixel_scale
    ra, dec = np.radians(around)
    east, north = (ra[1::2] - ra[::2] + np.pi) % (2 * np.pi) - np.pi, dec[1::2] - dec[::2]
    sides = np.degrees(np.hypot(east * np.cos(dec.mean()), north)) * ARCSEC
    return float(np.sqrt(sides.prod()))


def _rounded(values: NDArray[np.float64], digits: int) -> list[float]:
    rounded: list[float] = np.round(values, digits).tolist()
    return rounded
