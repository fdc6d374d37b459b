"""The images of an alert packet: FITS (plain, gzipped, or with variance and mask planes), or rows of numbers."""

from collections.abc import Mapping, Sized
from typing import Any

import numpy as np

from ml.io.alerts.packet_map import PacketMap
from ml.io.fits.image import FitsPicture, wcs_cards
from ml.io.limits import decoding
from ml.io.message import Message
from ml.io.records import BadInput

LARGEST_SIDE = 1024
"""Maximum side of a stamp in pixels; trails make Rubin's up to some hundred long."""

Wcs = dict[str, float | str]


def stamp(packet: Mapping[str, Any], where: PacketMap) -> tuple[np.ndarray, Wcs | None]:
    """Read the cutouts of a packet.

    Returns
    -------
    tuple
        Pixels (C, H, W) of the channels that the survey sends, float32, all NaN where this packet lacks one; and the
        WCS cards of the first cutout that has any.

    Raises BadInput: no cutout, a damaged one, cutouts of different sizes, or no pixel with a number.
    """
    planes, wcs = {}, None
    for channel, path in where.cutouts.items():
        data = where.value(packet, path)
        if data is None or (isinstance(data, Sized) and not len(data)):
            continue
        pixels, cards = _image(data, channel, where)
        planes[channel] = _padded(_checked(pixels, channel, where), packet, where)
        wcs = wcs or cards
    if not planes:
        raise BadInput("has no cutouts. Ask for packets with their cutouts.")
    shapes = {plane.shape for plane in planes.values()}
    if len(shapes) > 1:
        raise BadInput(
            "its cutouts have shapes %(shapes)s; all must be equal. Ask for cutouts of one size.",
            shapes=" and ".join(str(shape) for shape in sorted(shapes)),
        )
    none = np.full(shapes.pop(), np.nan, np.float32)
    block = np.stack([planes.get(channel, none) for channel in where.cutouts])
    if np.isnan(block).all():
        raise BadInput("every pixel of its stamps is NaN: there is nothing to see.")
    return block, wcs


def _image(data: Any, channel: str, where: PacketMap) -> tuple[np.ndarray, Wcs | None]:
    if not isinstance(data, bytes):
        with decoding(Message("its %(channel)s stamp is no image", channel=channel)):
            return np.asarray(data, dtype=np.float32), None
    try:
        picture = FitsPicture(data)
        pixels = picture.take(None).astype(np.float32, copy=False)
        return pixels, wcs_cards(picture.images[0], where.projection)
    except BadInput as bad:
        raise BadInput("its %(channel)s stamp %(problem)s", channel=channel, problem=bad.reason) from bad


def _checked(pixels: np.ndarray, channel: str, where: PacketMap) -> np.ndarray:
    if pixels.ndim != 2 or not 0 < max(pixels.shape) <= (where.side or LARGEST_SIDE):
        raise BadInput(
            "its %(channel)s stamp has shape %(shape)s; %(survey)s’s have at most %(side)s×%(side)s pixels.",
            channel=channel,
            shape=pixels.shape,
            survey=where.survey,
            side=where.side or LARGEST_SIDE,
        )
    return pixels


def _padded(pixels: np.ndarray, packet: Mapping[str, Any], where: PacketMap) -> np.ndarray:
    """Pad a clipped stamp with NaN on the side where the source is closer to the edge of the detector."""
    if where.side is None or where.edges is None or pixels.shape == (where.side, where.side):
        return pixels
    missing = where.side - np.array(pixels.shape)
    sides = []
    for lost, (path, length) in zip(missing, where.edges[::-1], strict=True):
        at = where.number(packet, path)
        below = lost if at is not None and at < length / 2 else 0
        sides.append((below, lost - below))
    return np.pad(pixels, sides, constant_values=np.nan)
