"""World coordinates: sky positions of pixels from a frame's WCS cards.

Pixels count from 0 here: the centre of the first pixel is x = 0, y = 0, which FITS calls 1, 1.
"""

import math
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.utils.exceptions import AstropyWarning
from astropy.wcs import WCS
from astropy.wcs.utils import wcs_to_celestial_frame

Cards = Mapping[str, Any]

_PLAIN = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN"}
_STEP = 1.0  # pixels on either side, over which the slope of other projections is measured


def to_sky(cards: Cards, x: Any, y: Any) -> np.ndarray | None:
    """Return ICRS positions of pixels.

    Parameters
    ----------
    cards
        FITS WCS cards, of any projection and distortion supported by astropy.
    x, y
        Pixels from 0, scalars or of one shape.

    Returns
    -------
    np.ndarray
        (2, …) right ascension (0 to 360) and declination in degrees; None if the cards are no celestial WCS, or it is
        undefined at one of the pixels.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AstropyWarning)  # headers in the wild bend the rules
        try:
            wcs = WCS(fits.Header(cards)).celestial
            frame = wcs_to_celestial_frame(wcs)
            sky = wcs.all_pix2world(np.asarray(x, float), np.asarray(y, float), 0)
            if not np.isfinite(sky).all():
                return None
            icrs = SkyCoord(sky[wcs.wcs.lng], sky[wcs.wcs.lat], unit="deg", frame=frame).icrs
        except Exception:  # a broken header makes astropy raise nearly anything, as damaged files do
            return None
    return np.array([icrs.ra.deg, icrs.dec.deg])


def to_pixels(cards: Cards, ra: Any, dec: Any) -> np.ndarray | None:
    """Return the pixels of ICRS positions: the inverse of `to_sky`.

    Parameters
    ----------
    cards
        FITS WCS cards.
    ra, dec
        Degrees, scalars or of one shape.

    Returns
    -------
    np.ndarray
        (2, …) x and y from 0, NaN where undefined; None if the cards are no celestial WCS.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AstropyWarning)
        try:
            return pixels_of(WCS(fits.Header(cards)).celestial, ra, dec, quiet=True)
        except Exception:  # a broken header makes astropy raise nearly anything, as damaged files do
            return None


def pixels_of(wcs: WCS, ra: Any, dec: Any, *, quiet: bool = False) -> np.ndarray:
    """Return the pixels (2, …), from 0, of ICRS positions by a celestial WCS, in any frame and with axes in any order.

    Raises what astropy raises for a broken WCS, and, unless `quiet`, where its distortion cannot be undone.
    """
    place = SkyCoord(ra, dec, unit="deg", frame="icrs").transform_to(wcs_to_celestial_frame(wcs)).spherical
    sky = {wcs.wcs.lng: place.lon.deg, wcs.wcs.lat: place.lat.deg}
    return np.array(wcs.all_world2pix(sky[0], sky[1], 0, quiet=quiet))


def tangent_plane(cards: Cards, width: int, height: int) -> dict[str, Any] | None:
    """Approximate a frame's WCS by a gnomonic projection, simple enough for a browser.

    Returns
    -------
    dict
        JSON-safe: ``ra`` and ``dec`` (deg, ICRS) of the point of tangency, its pixel ``x`` and ``y`` (from 0), and
        ``cd``, the 2 by 2 matrix from pixels to degrees on the tangent plane (east, north). None without a celestial
        WCS.

    Notes
    -----
    For RA---TAN and DEC--TAN of J2000 without distortion these are the cards themselves (FK5 is within 0.03″ of ICRS).
    Any other WCS is measured at the centre of the image, over a pixel on either side; what it bends farther out is
    left out.
    """
    return _plain(cards) if _is_plain(cards) else _measured(cards, (width - 1) / 2, (height - 1) / 2)


def _is_plain(cards: Cards) -> bool:
    if any(cards.get(key) != value for key, value in _PLAIN.items()) or not _is_j2000(cards):
        return False
    bent = ("PV", "A_", "B_", "CPDIS", "LONPOLE", "LATPOLE", "D2IM", "CUNIT", "CROTA")
    return not any(key.startswith(bent) and not _says_nothing(key, cards[key]) for key in cards)


def _is_j2000(cards: Cards) -> bool:
    """Return whether positions are those of the ICRS or close to them; the ICRS has no equinox."""
    system = cards.get("RADESYS", "")
    return system == "ICRS" or (system in ("", "FK5") and cards.get("EQUINOX", 2000) == 2000)


def _says_nothing(key: str, value: Any) -> bool:
    """Return whether a distortion card has no effect."""
    return (key, value) in {("LONPOLE", 180), ("CUNIT1", "deg"), ("CUNIT2", "deg"), ("CROTA1", 0), ("CROTA2", 0)} or (
        key == "LATPOLE"  # a zenithal projection needs none
    )


def _plain(cards: Cards) -> dict[str, Any] | None:
    try:
        plane: dict[str, Any] = {
            "ra": float(cards["CRVAL1"]) % 360,
            "dec": float(cards["CRVAL2"]),
            "x": float(cards["CRPIX1"]) - 1,
            "y": float(cards["CRPIX2"]) - 1,
            "cd": _matrix(cards),
        }
    except (KeyError, TypeError, ValueError):
        return None
    numbers = [plane["ra"], plane["dec"], plane["x"], plane["y"], np.linalg.det(plane["cd"])]
    return plane if np.isfinite(numbers).all() and numbers[-1] != 0 else None


def _matrix(cards: Cards) -> list[list[float]]:
    if any(key.startswith("CD") and "_" in key for key in cards):
        return [[float(cards.get(f"CD{i}_{j}", 0)) for j in (1, 2)] for i in (1, 2)]
    usual = {"CDELT1": 1.0, "CDELT2": 1.0} if any(key.startswith("PC") for key in cards) else {}
    steps = [float((usual | dict(cards))[f"CDELT{i}"]) for i in (1, 2)]
    return [[step * float(cards.get(f"PC{i}_{j}", i == j)) for j in (1, 2)] for i, step in enumerate(steps, 1)]


def _measured(cards: Cards, x: float, y: float) -> dict[str, Any] | None:
    steps = np.array([[0, 0], [_STEP, 0], [-_STEP, 0], [0, _STEP], [0, -_STEP]])
    sky = to_sky(cards, x + steps[:, 0], y + steps[:, 1])
    if sky is None:
        return None
    ra, dec = (float(value) for value in sky[:, 0])
    plane = _gnomonic(sky, ra, dec)
    cd = np.stack([plane[:, 1] - plane[:, 2], plane[:, 3] - plane[:, 4]], axis=1) / (2 * _STEP)
    return {"ra": ra, "dec": dec, "x": x, "y": y, "cd": cd.tolist()}


def _gnomonic(sky: np.ndarray, ra: float, dec: float) -> np.ndarray:
    """Project (2, n) degrees onto the tangent plane at (ra, dec): (2, n) degrees east and north."""
    turn, up, centre = np.radians(sky[0] - ra), np.radians(sky[1]), math.radians(dec)
    depth = np.sin(centre) * np.sin(up) + np.cos(centre) * np.cos(up) * np.cos(turn)
    east = np.cos(up) * np.sin(turn) / depth
    north = (np.cos(centre) * np.sin(up) - np.sin(centre) * np.cos(up) * np.cos(turn)) / depth
    return np.degrees([east, north])
