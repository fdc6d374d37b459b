"""Cross-match tracks with known objects."""

import csv
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ml.cubes.cube import Cube, Known
from ml.cubes.tracks import PIXEL_SCALE, Track, scale_at, times
from ml.data.dataset import BadExamples
from ml.imaging.wcs import to_pixels
from ml.io.utf8_text import not_utf8

RADIUS = 3.0  # pixels
COMMON = 3  # frames that track and object must share
IN_PIXELS, ON_SKY = ("object", "frame", "x", "y"), ("object", "mjd", "ra", "dec")
DEGREES = {"ra": (0.0, 360.0), "dec": (-90.0, 90.0)}
Rows = dict[str, list[list[float]]]
"""Rows of each object: mag, frame or mjd, and position."""


def match_candidates(
    track: Track, objects: Sequence[Known], cube: Cube, *, radius: float = RADIUS, pixel_scale: float = PIXEL_SCALE
) -> list[dict[str, Any]]:
    """Return every known object within a radius of a track, nearest first.

    Parameters
    ----------
    track, cube
        The track, and its cube.
    objects
        The known objects of the cube. Frames without a known position (NaN) are left out.
    radius
        Pixels: maximum median separation over the common frames, at least three.
    pixel_scale
        Arcseconds, if the cube has no WCS.

    Returns
    -------
    Of each: object, mag, frames (in common), separation (median), along and cross (median residual, track less object,
    in the direction of the object's motion and to the left of it) and their rms about it; all in arcseconds.
    """
    x, y = track.path.at(track.path.middle).tolist()
    scale = scale_at(cube, x, y, pixel_scale)
    near = [_residuals(track, known, scale) for known in objects]
    within_radius = [each for each in near if each is not None and each["separation"] <= radius * scale]
    return sorted(within_radius, key=lambda each: each["separation"])


def _residuals(track: Track, known: Known, scale: float) -> dict[str, Any] | None:
    finite = np.flatnonzero(np.isfinite([known.frame, known.x, known.y]).all(axis=0))
    order = finite[np.argsort(known.frame[finite])]
    at, x, y = known.frame[order], known.x[order], known.y[order]
    frames = track.frames.astype(np.float64)
    frames = frames[(frames >= at[0]) & (frames <= at[-1])] if len(at) else frames[:0]
    if len(frames) < COMMON:
        return None
    place = np.stack([np.interp(frames, at, x), np.interp(frames, at, y)], axis=1)
    off = track.path.at(frames) - place
    motion = np.gradient(place, frames, axis=0)
    speed = np.hypot(*motion.T)
    # A stationary object has no direction: use x and y.
    ahead = np.where(speed[:, None] > 0, motion / np.maximum(speed, 1e-12)[:, None], [1.0, 0.0])
    along = (off * ahead).sum(1) * scale
    cross = (off[:, 1] * ahead[:, 0] - off[:, 0] * ahead[:, 1]) * scale
    return {
        "object": known.name,
        "mag": known.mag,
        "frames": len(frames),
        "separation": float(np.median(np.hypot(along, cross))),
        "along": float(np.median(along)),
        "cross": float(np.median(cross)),
        "along_rms": float(np.std(along)),
        "cross_rms": float(np.std(cross)),
    }


class KnownTable:
    """Objects from a CSV file: `object,frame,x,y` or `object,mjd,ra,dec`, optionally with `external_id` and `mag`.

    Raises BadExamples if the file or its columns are missing, or a cell is not a number or not a sky position.

    Parameters
    ----------
    path
        The file. Without a column `external_id` its objects are searched in every cube. A position may be nan: it is
        not known then.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._rows: dict[str, Rows] = defaultdict(lambda: defaultdict(list))
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                reader = csv.DictReader(file)
                self.on_sky = self._is_on_sky(set(reader.fieldnames or ()))
                for row in reader:
                    self._add(row, reader.line_num)
        except UnicodeDecodeError as error:
            raise BadExamples(not_utf8(path)) from error
        except (OSError, csv.Error) as error:
            raise BadExamples(
                f"{path} cannot be read ({error}). Give a CSV file with {','.join(IN_PIXELS)}."
            ) from error

    def of(self, cube: Cube) -> list[Known]:
        """Return the objects that may cross a cube; none with sky coordinates if it has no WCS or no times."""
        found: Rows = self._rows.get(cube.name, {}) | self._rows.get("", {})
        made = (self._known(name, rows, cube) for name, rows in found.items())
        return [known for known in made if known is not None]

    def _is_on_sky(self, columns: set[str]) -> bool:
        if set(IN_PIXELS) <= columns:
            return False
        if set(ON_SKY) <= columns:
            return True
        raise BadExamples(
            f"{self.path} has neither the columns {','.join(IN_PIXELS)} nor {','.join(ON_SKY)}. Add what is missing."
        )

    def _add(self, row: dict[str, str], number: int) -> None:
        mag = self._cell(row, "mag", number) if row.get("mag") else np.nan
        place = [self._cell(row, key, number) for key in (ON_SKY if self.on_sky else IN_PIXELS)[1:]]
        self._rows[row.get("external_id") or ""][row["object"]].append([mag, *place])

    def _cell(self, row: dict[str, str], key: str, number: int) -> float:
        at = f"{self.path} row {number}: {key} is"
        try:
            value = float(row[key])
        except (TypeError, ValueError) as error:
            raise BadExamples(f"{at} {row[key]!r}, which is not a number. Correct it.") from error
        low, high = DEGREES.get(key, (-np.inf, np.inf))
        if value < low or value > high:
            raise BadExamples(f"{at} {value:g}; it must be degrees from {low:g} to {high:g}. Correct it.")
        return value

    def _known(self, name: str, rows: list[list[float]], cube: Cube) -> Known | None:
        (mag, *_), time, first, second = np.array(rows).T
        if not self.on_sky:
            return Known(name, float(mag), 0, time, first, second)
        mjd = times(cube)
        places = None if cube.wcs is None else to_pixels(cube.wcs, first, second)
        if mjd is None or places is None:
            return None
        inside = (time >= mjd[0]) & (time <= mjd[-1])
        frame = np.interp(time[inside], mjd, np.arange(len(mjd)))
        return Known(name, float(mag), 0, frame, places[0][inside], places[1][inside])
