"""Object-level evaluation of a cube model: completeness by magnitude, and false tracks per cube."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ml.cubes.crossmatch import RADIUS, match_candidates
from ml.cubes.cube import Cube, Known
from ml.cubes.tracks import Track
from ml.evaluation.completeness import Search
from ml.evaluation.metrics.binomial import jeffreys
from ml.evaluation.observing_conditions import Condition, Conditions

SEEN = 5  # minimum number of frames with a visible mask


@dataclass
class ObjectCounts:
    """Counts over cubes.

    Attributes
    ----------
    conditions, score
        Observing conditions of each object that is visible in five frames or more, and the highest score of a track
        that follows it, NaN without one.
    true, false
        Tracks that follow an object, and those that do not.
    cubes
        How many were looked at.
    along, cross
        Median residuals of true tracks, in pixels.
    """

    conditions: list[Condition] = field(default_factory=list)
    score: list[float] = field(default_factory=list)
    true: int = 0
    false: int = 0
    cubes: int = 0
    along: list[float] = field(default_factory=list)
    cross: list[float] = field(default_factory=list)

    def add(self, tracks: list[Track], cube: Cube) -> None:
        """Count the tracks found in one cube against its objects."""
        near = [match_candidates(track, cube.objects, cube, radius=RADIUS, pixel_scale=1.0) for track in tracks]
        surest: dict[str, float] = {}
        for track, found in zip(tracks, near, strict=True):
            for each in found:
                surest[each["object"]] = max(track.score, surest.get(each["object"], 0.0))
        for known in cube.objects:
            if shows(known, cube):
                self.conditions.append(known.condition)
                self.score.append(surest.get(known.name, np.nan))
        self.cubes += 1
        self.true += sum(bool(found) for found in near)
        self.false += sum(not found for found in near)
        self.along += [found[0]["along"] for found in near if found]
        self.cross += [found[0]["cross"] for found in near if found]

    @property
    def search(self) -> Search:
        """Return all objects, and those that a track follows."""
        score = np.array(self.score, dtype=np.float64)
        return Search(np.isfinite(score), score, Conditions.of(self.conditions))

    def figures(self, limits: tuple[float, ...]) -> dict[str, Any]:
        """Return objects and completeness by magnitude and by observing conditions, and the number of tracks."""
        search = self.search
        mag, found = search.conditions.mag, search.found
        return {
            "completeness": [
                self._bin(mag, found, low, high) for low, high in zip((-np.inf, *limits), limits, strict=False)
            ],
            "by_condition": search.completeness(),
            "tracks": self.true + self.false,
            "false_tracks": self.false,
            "false_tracks_per_cube": self.false / max(1, self.cubes),
            "median_offset_pixels": float(np.median(np.hypot(self.along, self.cross))) if self.along else float("nan"),
        }

    def _bin(self, mag: Any, found: Any, low: float, high: float) -> dict[str, Any]:
        inside = (mag >= low) & (mag < high)
        hits, total = int(found[inside].sum()), int(inside.sum())
        span = [float(end) for end in np.ravel(jeffreys(np.array([hits]), np.array([total])))]
        completeness = hits / total if total else float("nan")
        return {
            "from": low,
            "to": high,
            "objects": total,
            "found": hits,
            "completeness": completeness,
            "interval": span,
        }


def shows(known: Known, cube: Cube) -> bool:
    """Return whether an object is visible in five frames or more of its mask."""
    if cube.mask is None:
        return False
    return int((cube.mask == known.number).any(axis=(1, 2)).sum()) >= SEEN
