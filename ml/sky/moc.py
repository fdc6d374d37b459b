"""Multi-order coverage maps (MOC) of the sky: read FITS, ASCII and JSON as ranges of HEALPix cells (IVOA MOC 2.0)."""

import io
import json
import re
import warnings
from typing import Any

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from ml.io.message import Message

MAX_ORDER = 29
SKY = 12 * 4**MAX_ORDER
MOST_RANGES = 20_000
_ORDER = re.compile(r"(\d{1,2})/")
_CELLS = re.compile(r"(\d+)(?:-(\d+))?")
Ranges = NDArray[np.int64]
"""(N, 2): first cell and first cell after it, of order 29 in the nested scheme; sorted, and apart from each other."""


class BadMoc(ValueError):
    """Not a MOC, or one that is too large; the message says what is wrong."""


def read_moc(content: bytes) -> Ranges:
    """Read a MOC.

    Parameters
    ----------
    content
        A FITS file (ordering NUNIQ or RANGE, of space, equatorial coordinates), or ASCII such as ``3/1-5,7 4/100``, or
        JSON such as ``{"3": [1, 2], "4": [100]}``. Only cells and orders are read from it. Bound its length first.

    Raises BadMoc if it is none of these, holds a cell that does not exist, is empty, or has more than `MOST_RANGES`.
    """
    if content.startswith(b"SIMPLE"):
        ranges = _from_fits(content)
    else:
        text = content.decode("ascii", "replace").strip()
        ranges = _from_json(text) if text.startswith("{") else _from_ascii(text)
    merged = _merged(np.asarray(ranges, dtype=object).reshape(-1, 2))
    if not len(merged):
        raise BadMoc(Message("The MOC covers nothing."))
    if len(merged) > MOST_RANGES:
        text = Message("The MOC has %(n)s separate ranges, more than %(most)s. Degrade it to a lower order.",
                       n=f"{len(merged):,}", most=f"{MOST_RANGES:,}")  # fmt: skip
        raise BadMoc(text)
    return merged


def sky_fraction(ranges: Ranges) -> float:
    """Return the part of the sky that the ranges cover, 0 to 1."""
    return float((ranges[:, 1] - ranges[:, 0]).sum(dtype=float) / SKY)


def _span(order: int, first: int, last: int) -> tuple[int, int]:
    """Return the range of cells first to last of an order."""
    if not (0 <= order <= MAX_ORDER and 0 <= first <= last < 12 * 4**order):
        cells = f"{first}" if first == last else f"{first}-{last}"
        raise BadMoc(Message("There is no HEALPix cell %(cells)s of order %(order)s.", cells=cells, order=order))
    shift = 2 * (MAX_ORDER - order)
    return first << shift, (last + 1) << shift


def _from_ascii(text: str) -> list[tuple[int, int]]:
    ranges, order = [], None
    for token in _ORDER.sub(r" \1/ ", text.removeprefix("s")).replace(",", " ").split():
        if (found := _ORDER.fullmatch(token)) is not None:
            order = int(found[1])
        elif (found := _CELLS.fullmatch(token)) is not None and order is not None:
            ranges.append(_span(order, int(found[1]), int(found[2] or found[1])))
        else:
            raise BadMoc(Message("“%(text)s” is no part of a MOC, which looks like 3/1-5,7 4/100.", text=token[:40]))
    return ranges


def _from_json(text: str) -> list[tuple[int, int]]:
    try:
        orders = json.loads(text)
        cells = [(int(order), int(cell)) for order, cells in orders.items() for cell in cells]
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise BadMoc(Message('This is not the JSON of a MOC, such as {"3": [1, 2]}.')) from error
    return [_span(order, cell, cell) for order, cell in cells]


def _from_fits(content: bytes) -> list[tuple[int, int]]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with fits.open(io.BytesIO(content), memmap=False, disable_image_compression=True) as file:
                header, cells = file[1].header, np.asarray(file[1].data.field(0)).ravel().tolist()
    except (OSError, ValueError, IndexError, KeyError, TypeError, AttributeError, fits.VerifyError) as error:
        raise BadMoc(Message("This FITS file has no readable table of cells.")) from error
    ordering = _said(header, "ORDERING")
    if _said(header, "COORDSYS", "C") != "C" or _said(header, "MOCDIM", "SPACE") != "SPACE":
        raise BadMoc(Message("Only MOCs of space, in equatorial coordinates (COORDSYS C), can be read."))
    if (
        ordering not in ("NUNIQ", "RANGE")
        or not all(isinstance(cell, int) for cell in cells)
        or (ordering == "RANGE" and len(cells) % 2)
    ):
        raise BadMoc(Message("Only FITS MOCs with the ordering NUNIQ or RANGE can be read."))
    if ordering == "RANGE":
        pairs = zip(cells[::2], cells[1::2], strict=True)
        return [_span(MAX_ORDER, first, after - 1) for first, after in pairs]
    return [_unique(number) for number in cells]


def _said(header: Any, key: str, default: str = "") -> str:
    return str(header.get(key, default)).strip().upper()


def _unique(number: int) -> tuple[int, int]:
    """Return the range of a cell numbered by 4 · 4^order + cell."""
    order = (number.bit_length() - 3) // 2 if number > 3 else -1
    return (
        _span(order, number - 4 ** (order + 1), number - 4 ** (order + 1)) if order >= 0 else _span(-1, number, number)
    )


def _merged(ranges: NDArray[Any]) -> Ranges:
    """Sort ranges and join those that touch."""
    pairs: Ranges = ranges.astype(np.int64)
    pairs = pairs[np.argsort(pairs[:, 0], kind="stable")]
    ends = np.maximum.accumulate(pairs[:, 1]) if len(pairs) else pairs[:, 1]
    starts = np.flatnonzero(np.append(True, pairs[1:, 0] > ends[:-1])) if len(pairs) else np.zeros(0, dtype=np.intp)
    stops = np.append(starts[1:], len(pairs)) - 1 if len(pairs) else starts
    return np.column_stack([pairs[starts, 0], ends[stops]])
