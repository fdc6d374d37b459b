"""Multi-order coverage maps (MOC) of the sky: read FITS, ASCII and JSON as ranges of HEALPix cells (IVOA MOC 2.0)."""

import json
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.io.fits.layout import Unit, walk
from ml.io.message import Message

MAX_ORDER = 29
SKY = 12 * 4**MAX_ORDER
MOST_RANGES = 20_000
_ORDER = re.compile(r"(\d{1,2})/")
_CELLS = re.compile(r"(\d{1,19})(?:-(\d{1,19}))?")
_INTEGERS = re.compile(r"(\d{0,6})([JK])")
_BYTES = {"J": 4, "K": 8}
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
            raise BadMoc(Message("“%(text)s” is not part of a MOC, which looks like 3/1-5,7 4/100.", text=token[:40]))
    return ranges


def _from_json(text: str) -> list[tuple[int, int]]:
    try:
        orders = json.loads(text)
        cells = [(int(order), int(cell)) for order, cells in orders.items() for cell in cells]
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise BadMoc(Message('This is not the JSON of a MOC, such as {"3": [1, 2]}.')) from error
    return [_span(order, cell, cell) for order, cell in cells]


def _from_fits(content: bytes) -> list[tuple[int, int]]:
    """Read the table without astropy's tables, for which a header of a few bytes can claim gigabytes of memory."""
    try:
        unit = walk(lambda offset, count: content[offset : offset + count], len(content))[1]
        cells = _column(unit, content)
    except (ValueError, IndexError) as error:
        raise BadMoc(Message("This FITS file has no readable table of cells.")) from error
    ordering = _said(unit, "ORDERING")
    if _said(unit, "COORDSYS") not in ("", "C") or _said(unit, "MOCDIM") not in ("", "SPACE"):
        raise BadMoc(Message("Only MOCs of space, in equatorial coordinates (COORDSYS C), can be read."))
    if ordering not in ("NUNIQ", "RANGE") or cells is None or (ordering == "RANGE" and len(cells) % 2):
        raise BadMoc(Message("Only FITS MOCs with the ordering NUNIQ or RANGE can be read."))
    if ordering == "RANGE":
        pairs = zip(cells[::2], cells[1::2], strict=True)
        return [_span(MAX_ORDER, first, after - 1) for first, after in pairs]
    return [_unique(number) for number in cells]


def _column(unit: Unit, content: bytes) -> list[int] | None:
    """Return the numbers of a table whose only column holds integers; None for another table."""
    found = _INTEGERS.fullmatch(_said(unit, "TFORM1"))
    width = 0 if found is None else int(found[1] or 1) * _BYTES[found[2]]
    if found is None or unit.whole("TFIELDS", 0) != 1 or unit.whole("NAXIS1", 0) != width:
        return None
    data = content[unit.offset : unit.offset + width * unit.whole("NAXIS2", 0)]
    numbers: list[int] = np.frombuffer(data, dtype=f">i{_BYTES[found[2]]}").tolist()
    return numbers


def _said(unit: Unit, key: str) -> str:
    return str(unit.card(key) or "").strip().upper()


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
