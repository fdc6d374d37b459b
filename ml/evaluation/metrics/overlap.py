"""Overlap of boxes (IoU) and of lines or curves."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def iou(found: Array, true: Array) -> NDArray[np.float64]:
    """Return the pairwise intersection over union of boxes.

    Parameters
    ----------
    found, true
        (N, 4) and (M, 4) pixels: x0, y0, x1, y1, with x0 ≤ x1 and y0 ≤ y1.

    Returns
    -------
    (N, M) 0..1; 0 for two boxes without any area.

    Raises
    ------
    ValueError
        If a box is not four finite numbers, or its ends are swapped.

    Examples
    --------
    >>> iou(np.array([[0, 0, 2, 2]]), np.array([[1, 0, 3, 2], [5, 5, 6, 6]])).round(3)
    array([[0.333, 0.   ]])
    """
    found, true = _quads(found, "box")[:, None], _quads(true, "box")[None]
    for boxes in (found, true):
        if (boxes[..., 2:] < boxes[..., :2]).any():
            raise ValueError("A box must be x0, y0, x1, y1 with x0 ≤ x1 and y0 ≤ y1. Put its smaller corner first.")
    sides = np.minimum(found[..., 2:], true[..., 2:]) - np.maximum(found[..., :2], true[..., :2])
    common = np.clip(sides, 0, None).prod(-1)
    areas = [(boxes[..., 2:] - boxes[..., :2]).prod(-1) for boxes in (found, true)]
    union = areas[0] + areas[1] - common
    return np.divide(common, union, out=np.zeros_like(union), where=union > 0)


def line_distance(found: Array, true: Array) -> NDArray[np.float64]:
    """Return the pairwise maximum distance of a found line's points from a true line.

    The directed Hausdorff distance; for straight lines it is attained at an end of the found one. A piece of a long
    true trail is at distance 0: `line_cover` says how much of it was found.

    Parameters
    ----------
    found, true
        (N, 4) and (M, 4) pixels: x0, y0, x1, y1 of the ends, in either order.

    Returns
    -------
    (N, M) pixels.

    Raises
    ------
    ValueError
        If a line is not four finite numbers.
    """
    found, true = _quads(found, "line"), _quads(true, "line")
    return np.maximum(_to_segment(found[:, :2], true), _to_segment(found[:, 2:], true))


def line_cover(found: Array, true: Array) -> NDArray[np.float64]:
    """Return the fraction of each true line's length covered by the found one, projected on it: (N, M) 0..1.

    Parameters are those of `line_distance`. A true line without length is covered (1).
    """
    found, true = _quads(found, "line"), _quads(true, "line")
    ends = np.sort([np.clip(_along(found[:, side], true), 0, 1) for side in (slice(0, 2), slice(2, 4))], axis=0)
    has_length = (true[:, :2] != true[:, 2:]).any(1)
    return np.where(has_length, ends[1] - ends[0], 1.0)


def curve_distance(found: Array, true: Array) -> NDArray[np.float64]:
    """Return the maximum distance of each found curve's points (N, 2 k) from each true one (M, 2 k): (N, M) pixels."""
    return _between_curves(found, true).max(1)


def curve_cover(found: Array, true: Array, pixels: float) -> NDArray[np.float64]:
    """Return the fraction of each true curve's points, evenly spaced, within `pixels` of the found one: (N, M) 0..1."""
    return (_between_curves(true, found) <= pixels).mean(1).T


def _between_curves(points_of: Array, curves: Array) -> NDArray[np.float64]:
    """Return the distance (N, k, M) of each point of N curves from each of M curves, by its nearest segment."""
    points = np.asarray(points_of, dtype=np.float64).reshape(len(points_of), -1, 2)
    corners = np.asarray(curves, dtype=np.float64).reshape(len(curves), -1, 2)
    segments = np.concatenate([corners[:, :-1], corners[:, 1:]], axis=2).reshape(-1, 4)
    distance = _to_segment(points.reshape(-1, 2), segments)
    return distance.reshape(*points.shape[:2], len(corners), -1).min(3)


def _along(points: Array, lines: Array) -> NDArray[np.float64]:
    """Return the projection (N, M) of each point (N, 2) on each line (M, 4): 0 at its start, 1 at its end."""
    starts, spans = lines[:, :2], lines[:, 2:] - lines[:, :2]
    lengths = (spans**2).sum(1)
    offsets = ((points[:, None] - starts) * spans).sum(-1)
    return np.divide(offsets, lengths, out=np.zeros_like(offsets), where=np.broadcast_to(lengths > 0, offsets.shape))


def _to_segment(points: Array, lines: Array) -> NDArray[np.float64]:
    part = np.clip(_along(points, lines), 0, 1)[..., None]
    feet = lines[:, :2] + part * (lines[:, 2:] - lines[:, :2])
    return np.linalg.norm(points[:, None] - feet, axis=-1)


def _quads(values: Array, name: str) -> NDArray[np.float64]:
    quads = np.asarray(values, dtype=np.float64).reshape(-1, 4) if np.size(values) else np.empty((0, 4))
    if not np.isfinite(quads).all():
        raise ValueError(f"A {name} holds NaN or infinity. Leave out what was not measured.")
    return quads
