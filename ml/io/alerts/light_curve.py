"""The light curve in an alert packet: the object's earlier detections, upper limits and forced photometry."""

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from ml.io.alerts.packet_map import PacketMap, finite
from ml.io.mjd import JD_MINUS_MJD
from ml.io.records import BadInput, LightCurve
from ml.io.times import to_utc

MOST_POINTS = 500
"""Maximum number of points of a light curve; the newest are kept."""

_DETECTED = 3.0  # signal-to-noise ratio of forced photometry that counts as a detection
_POGSON = 2.5 / math.log(10)


def light_curve(packet: Mapping[str, Any], where: PacketMap) -> LightCurve:
    """Return what the survey measured at the object's place before this detection, in order of time.

    Parameters
    ----------
    packet, where
        See `ml.io.alerts.packet_map.PacketMap`; the rows of `where.history` have the fields of the detection itself.

    Returns
    -------
    list of (mjd, band, mag, error)
        Time as the survey gives it (start or middle), in UTC. Without an error, the magnitude is an upper limit. Rows
        without time or brightness are left out, as is forced photometry below 3 sigma without a limit.
    """
    points = []
    for path in where.history:
        rows = where.value(packet, path)
        if isinstance(rows, list):
            found = (_point(row, where) for row in rows[-MOST_POINTS:] if isinstance(row, Mapping))
            points += [point for point in found if point is not None]
    return sorted(points, key=lambda point: point[0])[-MOST_POINTS:]


def _point(row: Mapping[str, Any], where: PacketMap) -> tuple[float, str, float, float | None] | None:
    time = _number(row, where.time, where)
    mag, error = _magnitude(row, where)
    if time is None or mag is None:
        return None
    try:
        mjd, _ = to_utc(time - JD_MINUS_MJD if where.is_julian else time, "", where.scale)
    except BadInput:
        return None
    band = _first(row, where.band)
    name = where.bands.get(band, band if isinstance(band, str) else "")
    return None if mjd is None else (round(mjd, 6), name, round(mag, 3), None if error is None else round(error, 3))


def _magnitude(row: Mapping[str, Any], where: PacketMap) -> tuple[float | None, float | None]:
    mag, error = _number(row, where.mag, where), _number(row, where.mag_error, where)
    if mag is not None:
        return mag, error
    flux, error = _number(row, where.flux, where), _number(row, where.flux_error, where)
    if flux is not None and error is not None and 0 < _DETECTED * error < flux:
        zero_point = _number(row, where.zero_point_field, where)
        return (where.zero_point if zero_point is None else zero_point) - 2.5 * math.log10(flux), _POGSON * error / flux
    return _number(row, where.limit, where), None


def _number(row: Mapping[str, Any], path: str, where: PacketMap) -> float | None:
    value = _first(row, path)
    return None if value is None or value in where.sentinels else finite(value)


def _first(row: Mapping[str, Any], path: str) -> Any:
    for name in _names(path):
        if (value := row.get(name)) is not None:
            return value
    return None


@lru_cache(maxsize=1024)
def _names(path: str) -> tuple[str, ...]:
    """Return the fields of a row that a path leads to in the detection."""
    return tuple(one.rpartition(".")[2] for one in path.split("|") if one)
