"""Cutouts from mosaics at the positions of a catalogue, by the mosaics' own WCS.

Only the rows of a plain or tile-compressed FITS image that a cutout needs are read, so a mosaic may be larger than the
memory.
"""

from dataclasses import replace
from functools import lru_cache

import numpy as np
from astropy.io import fits
from astropy.nddata import Cutout2D, NoOverlapError
from astropy.wcs import WCS, NoConvergence

from ml.imaging.wcs import pixels_of
from ml.io.frames import Part
from ml.io.limits import decoding
from ml.io.message import Message
from ml.io.picture import Facts, Picture
from ml.io.records import BadInput

Cards = dict[str, float | str]


def cut_out(picture: Picture, ra: float, dec: float, side: int) -> Part:
    """Cut a square around a position out of an image, or out of the first of several that contains it.

    Raises BadInput: no WCS, or the position lies outside.

    Parameters
    ----------
    picture
        (H, W), or (n, H, W) for an image with n detectors.
    ra, dec
        Degrees, ICRS.
    side
        Pixels.

    Returns
    -------
    Part
        Pixels (side, side) as float32, NaN beyond the edge; its WCS is the mosaic's, moved.
    """
    if not 2 <= len(picture.shape) <= 3:
        raise BadInput("has %(axes)s axes; a mosaic has two, or three with its detectors.", axes=len(picture.shape))
    planes = range(picture.shape[0]) if len(picture.shape) == 3 else [None]
    for plane in planes:
        facts = picture.facts(plane or 0)
        if facts.wcs is None:
            raise BadInput("has no WCS, so no position can be found in it. Leave out `cutout_size`, or add a WCS.")
        x, y = _pixel(facts.wcs, ra, dec)
        if -0.5 <= x < picture.shape[-1] - 0.5 and -0.5 <= y < picture.shape[-2] - 0.5:
            return _cutout(picture, plane, facts, (x, y), side)
    raise BadInput("does not contain %(ra)s°, %(dec)s°. Check the position, or name another image.", ra=ra, dec=dec)


def _cutout(picture: Picture, plane: int | None, facts: Facts, place: tuple[float, float], side: int) -> Part:
    x, y = place
    first = 0 if plane is not None else max(round(y) - side, 0)
    last = min(round(y) + side + 1, picture.shape[-2])
    pixels = picture.take(slice(first, last) if plane is None else plane).astype(np.float32, copy=False)
    try:
        cutout = Cutout2D(pixels, (x, y - first), side, mode="partial", fill_value=np.nan, copy=True)
    except NoOverlapError as error:
        raise BadInput("does not reach the position (%(error)s).", error=error) from error
    left, below = (
        cutout.origin_original[0] - cutout.origin_cutout[0],
        cutout.origin_original[1] - cutout.origin_cutout[1],
    )
    moved = replace(facts, wcs=_moved(facts.wcs or {}, left, below + first))
    return Part(cutout.data, colours=False, kind=None, facts=lambda _: moved)


def _moved(cards: Cards, x: int, y: int) -> Cards:
    """Return the WCS of a cutout whose first pixel is pixel (x, y) of the image, counted from 0."""
    return cards | {"CRPIX1": float(cards.get("CRPIX1", 0.0)) - x, "CRPIX2": float(cards.get("CRPIX2", 0.0)) - y}


def _pixel(cards: Cards, ra: float, dec: float) -> tuple[float, float]:
    with decoding(Message("has a WCS that gives no pixel for its position")):
        try:
            x, y = pixels_of(_wcs(tuple(cards.items())), ra, dec)
        except NoConvergence:  # far outside, where the distortion means nothing
            return -1.0, -1.0
    return (float(x), float(y)) if np.isfinite([x, y]).all() else (-1.0, -1.0)


@lru_cache(maxsize=128)
def _wcs(cards: tuple[tuple[str, float | str], ...]) -> WCS:
    """Return the celestial WCS; a catalogue has thousands of rows for each image."""
    return WCS(fits.Header(list(cards)), naxis=2)
