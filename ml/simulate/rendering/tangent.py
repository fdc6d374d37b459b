"""World coordinates of a simulated image: a tangent plane at its position in the manifest."""

from typing import Any

import numpy as np

NORTH_UP = np.pi / 2
OBLIQUITY = np.radians(23.4392911)


def tangent(ra: float, dec: float, scale: float, shape: tuple[int, ...], north: float = NORTH_UP) -> dict[str, Any]:
    """Return the FITS cards of a gnomonic projection with its tangent point in the centre of the image.

    Parameters
    ----------
    ra, dec : float
        Of the centre, in degrees (ICRS).
    scale : float
        Arcseconds per pixel.
    shape : tuple of int
        Of the image; its last two axes are (height, width).
    north : float
        Direction of north in the image, radians from +x towards +y; east is a quarter turn further. Up by default, with
        east to the left.

    Returns
    -------
    dict
        CTYPE, CUNIT, CRVAL, CRPIX, the CD matrix and RADESYS.
    """
    height, width = shape[-2:]
    step = scale / 3600
    cos, sin = float(np.cos(north)), float(np.sin(north))
    return {
        "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CUNIT1": "deg", "CUNIT2": "deg", "RADESYS": "ICRS",
        "CRVAL1": ra, "CRVAL2": dec, "CRPIX1": (width + 1) / 2, "CRPIX2": (height + 1) / 2,
        "CD1_1": -step * sin, "CD1_2": step * cos, "CD2_1": step * cos, "CD2_2": step * sin,
    }  # fmt: skip


def north_of_ecliptic(ra: float, dec: float, east: float) -> float:
    """Return the direction of celestial north in an image with known ecliptic east.

    Parameters
    ----------
    ra, dec : float
        Place in degrees, not a pole of the ecliptic.
    east : float
        Direction of increasing ecliptic longitude, radians from +x towards +y.

    Returns
    -------
    float
        Radians from +x towards +y; position angles increase from there through +y, as where east is to the left.
    """
    away = np.radians(270 - ra)
    pole, place = np.pi / 2 - OBLIQUITY, np.radians(dec)
    along = np.sin(pole) * np.cos(place) - np.cos(pole) * np.sin(place) * np.cos(away)
    angle_of_pole = np.arctan2(np.cos(pole) * np.sin(away), along)
    return float(east - (angle_of_pole + np.pi / 2))
