"""Regions on the sky as database filters: cones and convex polygons, exact on the sphere, found by an index.

The index is PostgreSQL's own GiST on the points (ra, dec); a region's bounding boxes are looked up in it, and
great-circle geometry decides about what they hold. So right ascension may wrap at 0°, and a region may contain a pole.
"""

import math
import re
from collections.abc import Sequence
from itertools import cycle
from typing import Any

import numpy as np
from django.db.models import BooleanField, F, Func, Q, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Cos, Power, Radians, Sin
from django.db.models.lookups import GreaterThanOrEqual, LessThanOrEqual
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from webapp.archive.models.subject import IS_PLACE, ON_SKY

MOST_VERTICES = 50
SEPARATOR = re.compile(r"[\s,;]+")
SEXAGESIMAL = re.compile(r"([+-]?)(\d{1,3}):([0-5]?\d)(?::([0-5]?\d(?:\.\d*)?))?", re.ASCII)
HOUR = 15
"""Degrees of right ascension in an hour."""
ROUNDING = 1e-12
"""Slack for points exactly on an edge, of 1."""


def in_cone(ra: float, dec: float, radius: float) -> Q:
    """Return a filter on subjects within a cone.

    Raises ValueError outside these ranges, or NaN.

    Parameters
    ----------
    ra, dec
        The centre (deg, ICRS); 0 ≤ ra ≤ 360, -90 ≤ dec ≤ 90.
    radius
        In degrees, above 0 and at most 180.
    """
    if not (0 <= ra <= 360 and -90 <= dec <= 90 and 0 < radius <= 180):
        raise ValueError(_("A cone has 0 ≤ RA ≤ 360°, -90° ≤ Dec ≤ 90°, and a radius of more than 0 and at most 180°."))
    half = Radians(F("dec") - dec) / 2, Radians(F("ra") - ra) / 2
    haversine = Power(Sin(half[0]), 2) + Cos(Radians("dec")) * math.cos(math.radians(dec)) * Power(Sin(half[1]), 2)
    return IS_PLACE & _around(ra, dec, radius) & Q(LessThanOrEqual(haversine, math.sin(math.radians(radius) / 2) ** 2))


def in_polygon(corners: Sequence[tuple[float, float]]) -> Q:
    """Return a filter on subjects within a convex polygon of great circles, smaller than a hemisphere.

    Raises ValueError: too few or too many corners, one outside the ranges of `in_cone`, or not convex.

    Parameters
    ----------
    corners
        3 to `MOST_VERTICES` pairs (ra, dec) in degrees, in either order around the polygon.
    """
    if not 3 <= len(corners) <= MOST_VERTICES:
        raise ValueError(_("A polygon has 3 to %(most)d corners.") % {"most": MOST_VERTICES})
    if not all(0 <= ra <= 360 and -90 <= dec <= 90 for ra, dec in corners):
        raise ValueError(_("A corner has 0 ≤ RA ≤ 360° and -90° ≤ Dec ≤ 90°."))
    vertices = _unit_vectors(corners)
    edges = np.cross(vertices, np.roll(vertices, -1, axis=0))
    sides = edges @ vertices.T
    if (sides <= ROUNDING).all():
        edges, sides = -edges, -sides
    centre = vertices.mean(axis=0)
    if (sides < -ROUNDING).any() or (vertices @ centre <= 0).any() or not (sides > ROUNDING).any():
        raise ValueError(_("The polygon must be convex, and smaller than half of the sky. Split it in parts."))
    return IS_PLACE & _around_vectors(centre / np.linalg.norm(centre), vertices) & _inside(edges)


def read_cone(text: str) -> Q:
    """Read “ra,dec,radius” in degrees, or sexagesimal: “03:08:06.6 +29:57:04.5 0:05”, hours first."""
    numbers = _degrees(text, (HOUR, 1, 1))
    if len(numbers) != 3:
        raise ValueError(_("A cone is “RA, Dec, radius” in degrees."))
    return in_cone(*numbers)


def read_polygon(text: str) -> Q:
    """Read “ra1,dec1,ra2,dec2,ra3,dec3,…” in degrees, or sexagesimal as in `read_cone`."""
    numbers = _degrees(text, (HOUR, 1))
    if len(numbers) % 2:
        raise ValueError(_("A polygon is a list of pairs “RA, Dec” in degrees."))
    return in_polygon(list(zip(numbers[::2], numbers[1::2], strict=True)))


def _degrees(text: str, units: Sequence[int]) -> list[float]:
    """Read numbers in degrees; sexagesimal ones are in these units (deg), in turn."""
    parts = [part for part in SEPARATOR.split(text.strip(" ,;()")) if part]
    try:
        return [_number(part, unit) for part, unit in zip(parts, cycle(units), strict=False)]
    except ValueError as error:
        raise ValueError(_("Give numbers, separated by commas, in degrees.")) from error


def _number(text: str, unit: int) -> float:
    found = SEXAGESIMAL.fullmatch(text)
    if found is None:
        return float(text)
    sign, whole, minutes, seconds = found.groups(default="0")
    size = (int(whole) + int(minutes) / 60 + float(seconds) / 3600) * unit
    return -size if sign == "-" else size


def _unit_vectors(corners: Sequence[tuple[float, float]]) -> NDArray[np.float64]:
    ra, dec = np.radians(np.asarray(corners, dtype=float)).T
    return np.column_stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])


def _around_vectors(centre: NDArray[np.float64], vertices: NDArray[np.float64]) -> Q:
    """Filter by the smallest cap around the centre that holds all vertices."""
    radius = math.degrees(math.acos(max(-1.0, float((vertices @ centre).min()))))
    ra, dec = math.degrees(math.atan2(centre[1], centre[0])) % 360, math.degrees(math.asin(float(centre[2])))
    return _around(ra, dec, radius + 1e-6)


def _inside(edges: NDArray[np.float64]) -> Q:
    """Filter by the side of each great circle that bounds the polygon."""
    x, y, z = Cos(Radians("dec")) * Cos(Radians("ra")), Cos(Radians("dec")) * Sin(Radians("ra")), Sin(Radians("dec"))
    inside = Q()
    for edge in edges.tolist():
        height: Combinable = x * edge[0] + y * edge[1] + z * edge[2]
        inside &= Q(GreaterThanOrEqual(height, -ROUNDING))
    return inside


def _around(ra: float, dec: float, radius: float) -> Q:
    """Filter by the boxes in right ascension and declination that hold a cap: two where it wraps at 0°."""
    south, north = max(-90.0, dec - radius), min(90.0, dec + radius)
    if abs(dec) + radius >= 90:
        return _in_box(0, south, 360, north)
    width = math.degrees(math.asin(min(1.0, math.sin(math.radians(radius)) / math.cos(math.radians(dec)))))
    west, east = ra - width, ra + width
    if west < 0:
        return _in_box(0, south, east, north) | _in_box(west + 360, south, 360, north)
    if east > 360:
        return _in_box(west, south, 360, north) | _in_box(0, south, east - 360, north)
    return _in_box(west, south, east, north)


def _in_box(west: float, south: float, east: float, north: float) -> Q:
    corners: list[Any] = [
        Func(Value(x), Value(y), function="point")
        for x, y in ((west - 1e-9, south - 1e-9), (east + 1e-9, north + 1e-9))
    ]
    box = Func(*corners, function="box")
    return Q(Func(ON_SKY, box, arg_joiner=" <@ ", template="%(expressions)s", output_field=BooleanField()))
