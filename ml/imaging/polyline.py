"""Smooth curves through points along a line, and their geometry."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import splev, splprep

POINTS = 17
STEP = 6.0  # pixels: points closer than this along the line are averaged
SCATTER = 0.6  # pixels, of an averaged point about the curve
FINE = 129
Array = NDArray[Any]


def smooth(points: Array, weights: Array) -> NDArray[np.float64]:
    """Return the smoothing spline (17, 2) through points in order along a line, evenly spaced, from end to end.

    Parameters
    ----------
    points
        (n, 2) pixels, n ≥ 2, in order.
    weights
        (n,) positive.

    Notes
    -----
    Points are averaged in steps of 6 pixels, and fitted with a cubic spline (Dierckx 1982, scipy's splprep) with a
    scatter of 0.6 pixels; fewer than five averages give a straight line. The ends are the outermost points, projected
    onto the curve's tangent.
    """
    at = _along(points)
    count = max(2, round(at[-1] / STEP))
    step = np.minimum((at * count / max(at[-1], 1e-9)).astype(np.intp), count - 1)
    mass = np.bincount(step, weights, minlength=count)
    full = mass > 0
    mean = np.stack([np.bincount(step, weights * part, minlength=count)[full] / mass[full] for part in points.T], 1)
    mean = mean[np.r_[True, np.hypot(*np.diff(mean, axis=0).T) > 1e-6]]
    if len(mean) < 5:
        return _straight(points, weights)
    spline, _ = splprep(mean.T, s=len(mean) * SCATTER**2, k=3)
    fine = np.stack(splev(np.linspace(0, 1, FINE), spline), axis=1)
    return even(_to_the_ends(fine, points[0], points[-1]), POINTS)


def even(curve: Array, count: int) -> NDArray[np.float64]:
    """Return `count` points evenly spaced along a polyline (k, 2), from end to end."""
    length = arc(curve)
    at = np.linspace(0, length[-1], count)
    return np.stack([np.interp(at, length, part) for part in curve.T], axis=1)


def arc(curve: Array) -> NDArray[np.float64]:
    """Return the length (k,) along a polyline (k, 2) up to each of its points."""
    return np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(curve, axis=0).T))])


def length_of(curve: Array) -> float:
    """Return the length of a polyline (k, 2), in its units."""
    return float(arc(curve)[-1])


def sagitta(curve: Array) -> float:
    """Return the largest distance of a polyline (k, 2) from the chord between its ends, in its units."""
    chord = curve[-1] - curve[0]
    away = curve - curve[0]
    length = np.hypot(*chord)
    if length < 1e-9:
        return float(np.hypot(*away.T).max())
    return float(np.abs(away[:, 0] * chord[1] - away[:, 1] * chord[0]).max() / length)


def tangents(curve: Array) -> NDArray[np.float64]:
    """Return unit vectors (k, 2) along a polyline."""
    along = np.gradient(curve, axis=0)
    return along / np.maximum(np.hypot(*along.T), 1e-9)[:, None]


def box(curve: Array, width: float, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return x0, y0, x1, y1 around a curve and half a width beside it, clipped to an image of `shape` (H, W)."""
    last = np.array([shape[1] - 1, shape[0] - 1])
    corners = curve.min(0) - width / 2, curve.max(0) + width / 2
    return np.concatenate([np.clip(corner, 0, last) for corner in corners])


def _along(points: Array) -> NDArray[np.float64]:
    """Return each point's position along the line: on the chord if they are nearly straight, else cumulative."""
    chord = points[-1] - points[0]
    length = float(np.hypot(*chord))
    if length > 0 and sagitta(points) < 0.25 * length:
        return np.maximum.accumulate(np.maximum((points - points[0]) @ chord / length, 0))
    calm = points if len(points) < 5 else np.stack([np.convolve(np.pad(p, 2, "edge"), np.ones(5) / 5, "valid")
                                                     for p in points.T], axis=1)  # fmt: skip
    return arc(calm)


def _straight(points: Array, weights: Array) -> NDArray[np.float64]:
    mean = np.average(points, axis=0, weights=weights)
    away = points - mean
    _, axes = np.linalg.eigh((away * weights[:, None]).T @ away)
    axis = axes[:, 1]
    at = away @ axis
    if at[-1] < at[0]:
        axis, at = -axis, -at
    return mean + np.linspace(at.min(), at.max(), POINTS)[:, None] * axis


def _to_the_ends(curve: Array, start: Array, end: Array) -> NDArray[np.float64]:
    """Extend a curve through averaged points to its outermost points, half a step further."""
    tangent = tangents(curve)
    first = curve[0] + min(0.0, float((start - curve[0]) @ tangent[0])) * tangent[0]
    last = curve[-1] + max(0.0, float((end - curve[-1]) @ tangent[-1])) * tangent[-1]
    return np.concatenate([first[None], curve, last[None]])
