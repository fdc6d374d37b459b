"""Where the observer was at each frame, and how it moved, if the manifest says so (`obs_x1`, …, `obs_vx1`, …)."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ml.io.manifest_columns import HIDDEN

AXES = ("obs_x", "obs_y", "obs_z")
VELOCITY = ("obs_vx", "obs_vy", "obs_vz")
UNKNOWN = (math.nan, math.nan, math.nan)
FIRST_COLUMNS = [mark + AXES[0] + number for mark in ("", *HIDDEN) for number in ("", "1")]
"""One of these is in the metadata of every subject whose manifest gives places."""


def observer_place(metadata: Mapping[str, Any], position: int) -> tuple[float, ...]:
    """Return a spacecraft's place, km from the Earth's centre (ICRF), at a frame; NaN if the manifest does not say.

    Parameters
    ----------
    metadata
        A subject's; the names may be hidden ones. Those without a number belong to the first frame.
    position
        The frame's, from 0.
    """
    return _vector(metadata, position, AXES)


def observer_velocity(metadata: Mapping[str, Any], position: int) -> tuple[float, ...]:
    """Return a spacecraft's velocity, km/s (ICRF), in the middle of a frame, as `observer_place` does its place."""
    return _vector(metadata, position, VELOCITY)


def observers_of_frames(detections: Sequence[Mapping[str, Any]]) -> dict[str, float | None]:
    """Return the hidden columns of a subject whose frames are single detections: where their observer was and went.

    Parameters
    ----------
    detections
        The metadata of each, in the order of the frames. One that says nothing gets None, unless all say nothing.
    """
    places = [observer_place(each, 0) for each in detections]
    velocities = [observer_velocity(each, 0) for each in detections]
    return _columns(AXES, places) | _columns(VELOCITY, velocities)


def _columns(names: tuple[str, ...], vectors: list[tuple[float, ...]]) -> dict[str, float | None]:
    if not any(math.isfinite(value) for vector in vectors for value in vector):
        return {}
    return {
        f"#{axis}{number}": value if math.isfinite(value) else None
        for number, vector in enumerate(vectors, 1)
        for axis, value in zip(names, vector, strict=True)
    }


def _vector(metadata: Mapping[str, Any], position: int, names: tuple[str, ...]) -> tuple[float, ...]:
    numbers = [str(position + 1), ""] if position == 0 else [str(position + 1)]
    found = (tuple(_number(metadata, axis + number) for axis in names) for number in numbers)
    return next((vector for vector in found if all(map(math.isfinite, vector))), UNKNOWN)


def _number(metadata: Mapping[str, Any], name: str) -> float:
    value = next((metadata[mark + name] for mark in ("", *HIDDEN) if mark + name in metadata), None)
    try:
        return float(value) if value is not None else math.nan
    except (TypeError, ValueError):
        return math.nan
