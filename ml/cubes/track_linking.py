"""Link detections over time into tracks of constant motion."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from ml.cubes.voxel_detections import Detections

FEWEST = 5  # detections of a track
REMEMBERED = 12  # number of last detections used for extrapolation
GATE = 2.0  # maximum distance in pixels from the prediction, for a track of known motion
WIDER = 0.2  # pixels added to it for each missed frame
FIRST_GATE = 2.5  # maximum motion in pixels per frame, beyond its own size, before the motion is known
PATIENCE = 8  # frames without a detection after which a track ends; a young one ends after YOUNG
YOUNG = 2
GAP = 24  # maximum gap in frames between two parts of a track
_FAR = 1e6


@dataclass
class Link:
    """A growing track: row numbers of its detections, and the frame of the last one."""

    rows: list[int] = field(default_factory=list)
    last_frame: int = 0


def link(found: Detections) -> list[NDArray[np.intp]]:
    """Return the row numbers (n,) of each track's detections, from `FEWEST` on, longest first.

    Frame by frame, every track is extrapolated linearly from its last detections, and the detections are assigned to
    tracks with the least sum of distances (Hungarian method). A region in which two tracks meet is assigned to neither,
    since its centroid is neither's position: both continue by their motion until they separate. Finally, collinear
    parts are joined.
    """
    ended: list[Link] = []
    growing: list[Link] = []
    for frame in np.unique(found.frame):
        rows = np.flatnonzero(found.frame == frame)
        over = [track for track in growing if _over(track, int(frame))]
        ended += over
        growing = [track for track in growing if track not in over]
        free = _grow(growing, found, rows, int(frame))
        growing += [Link([int(row)], int(frame)) for row in free]
    tracks = [np.array(track.rows) for track in (*ended, *growing) if len(track.rows) >= FEWEST]
    return sorted(_joined(tracks, found), key=len, reverse=True)


def _over(track: Link, frame: int) -> bool:
    return frame - track.last_frame > (PATIENCE if len(track.rows) >= FEWEST else YOUNG)


def _grow(growing: list[Link], found: Detections, rows: NDArray[np.intp], frame: int) -> NDArray[np.intp]:
    """Assign the frame's detections to the tracks; return the unassigned ones."""
    if not growing:
        return rows
    ahead = np.array([foretold(np.array(track.rows[-REMEMBERED:]), found, frame) for track in growing])
    apart = np.hypot(ahead[:, :1] - found.x[rows], ahead[:, 1:] - found.y[rows])
    within = apart <= np.array([_gate(track, found, frame) for track in growing])[:, None]
    shared = _shared(growing, within, apart, found.reach[rows])
    met: NDArray[np.bool_] = np.asarray(shared.any(axis=0))
    for number in np.flatnonzero(shared.any(axis=1)):
        growing[number].last_frame = frame
    within &= ~met
    chosen = zip(*linear_sum_assignment(np.where(within, apart, _FAR)), strict=True)
    taken = [(number, column) for number, column in chosen if within[number, column]]
    for number, column in taken:
        growing[number].rows.append(int(rows[column]))
        growing[number].last_frame = frame
    met[[column for _, column in taken]] = True
    return rows[~met]


def _shared(
    growing: list[Link], within: NDArray[np.bool_], apart: NDArray[np.float64], reach: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Return which tracks share a region, (tracks, regions): it is the nearest of two tracks, and covers both."""
    grown = np.array([len(track.rows) >= FEWEST for track in growing])
    nearest = np.zeros(apart.shape, bool)
    nearest[np.arange(len(apart)), apart.argmin(1)] = True
    claimed = within & nearest & grown[:, None] & (apart <= reach + 1)
    claimed[:, claimed.sum(0) < 2] = False
    return claimed


def _gate(track: Link, found: Detections, frame: int) -> float:
    last = track.rows[-1]
    missed = frame - int(found.frame[last]) - 1
    if len(track.rows) == 1:
        return FIRST_GATE + float(found.reach[last])
    return GATE + WIDER * missed + (0.5 * float(found.reach[last]) if len(track.rows) < FEWEST else 0)


def foretold(rows: NDArray[np.intp], found: Detections, frame: float) -> tuple[float, float]:
    """Return (x, y) in a frame, extrapolated linearly from some detections; constant for a single one."""
    if len(rows) == 1:
        return float(found.x[rows[0]]), float(found.y[rows[0]])
    t = found.frame[rows] - found.frame[rows].mean()
    spread = (t**2).sum()
    x, y = (
        values.mean() + (t * values).sum() / spread * (frame - found.frame[rows].mean())
        for values in (found.x[rows], found.y[rows])
    )
    return float(x), float(y)


def _joined(tracks: list[NDArray[np.intp]], found: Detections) -> list[NDArray[np.intp]]:
    """Join each track with the nearest one that continues it, as long as there is one."""
    tracks = sorted(tracks, key=lambda rows: int(found.frame[rows[0]]))
    number = 0
    while number < len(tracks):
        ways = [(_miss(tracks[number], other, found), place) for place, other in enumerate(tracks)]
        miss, place = min(ways, default=(_FAR, 0))
        if miss > GATE:
            number += 1
            continue
        tracks[number] = np.concatenate([tracks[number], tracks[place]])
        del tracks[place]
        number -= place < number
    return tracks


def _miss(before: NDArray[np.intp], after: NDArray[np.intp], found: Detections) -> float:
    """Return the distance in pixels between the motions of two parts midway; large if they overlap in time.

    Each is extrapolated to the other's end, so that both position and motion must agree.
    """
    last, first = int(found.frame[before[-1]]), int(found.frame[after[0]])
    if not 0 < first - last <= GAP:
        return _FAR
    ends = before[-REMEMBERED:], after[:REMEMBERED]
    x, y = foretold(ends[0], found, first)
    back_x, back_y = foretold(ends[1], found, last)
    forward = np.hypot(x - found.x[after[0]], y - found.y[after[0]])
    backward = np.hypot(back_x - found.x[before[-1]], back_y - found.y[before[-1]])
    return float(max(forward, backward) / (1 + WIDER * (first - last) / 2))
