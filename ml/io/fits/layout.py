"""Walk the HDUs of a FITS file by their headers, and check their sizes against the file's.

No data memory is allocated here, so a header that promises 10 GB costs no more than one that promises a stamp.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from ml.io.fits.header import CARD, Header, Value, header_of
from ml.io.limits import MAX_HEADER_BYTES, MAX_TABLE_COLUMNS, size_in_words
from ml.io.records import BadInput

BLOCK = 2880
_END = b"END" + b" " * (CARD - 3)
_BITPIX = (8, 16, 32, 64, -32, -64)

ReadAt = Callable[[int, int], bytes]
"""Read (offset, count) bytes; fewer at the end of the file."""


@dataclass(slots=True)
class Unit:
    """One header and data unit (HDU).

    Attributes
    ----------
    number
        Its position in the file, 0 for the primary.
    offset, nbytes
        Where its data lie in the file.
    shape
        Of its image in numpy's order, (…, H, W): for a tile-compressed image that of the image inside; empty for
        tables and units without data.
    """

    number: int
    header: Header
    offset: int
    nbytes: int
    shape: tuple[int, ...]
    compressed: bool

    def card(self, keyword: str) -> Value:
        """Look up a keyword; None if it is absent or unreadable."""
        return self.header.get(keyword)

    def whole(self, keyword: str, default: int | None = None) -> int:
        """Look up a non-negative integer (BITPIX may be negative).

        Raises BadInput: it is something else, or absent where there is no `default`.
        """
        value = self.card(keyword)
        if value is None and default is not None:
            return default
        if not isinstance(value, int) or (value < 0 and not keyword.endswith("BITPIX")):
            raise BadInput(
                "unit %(number)s has no valid %(keyword)s card: its header is damaged. Make the file again.",
                number=self.number,
                keyword=keyword,
            )
        return value

    @property
    def name(self) -> str:
        return str(self.card("EXTNAME") or "").strip().upper()


def walk(read_at: ReadAt, file_size: int) -> list[Unit]:
    """List the HDUs of a FITS file.

    Raises BadInput: it is not a FITS file, a header is broken, or the claimed data are incomplete.
    """
    units: list[Unit] = []
    offset = 0
    while offset < file_size:
        header, data = _header(read_at, offset, first=not units)
        if header is None:
            break
        units.append(_unit(header, len(units), data, file_size))
        offset = data + -(-units[-1].nbytes // BLOCK) * BLOCK
    return units


def _header(read_at: ReadAt, offset: int, *, first: bool) -> tuple[Header | None, int]:
    raw = read_at(offset, 2 * BLOCK)
    if not raw.startswith(b"SIMPLE  =" if first else b"XTENSION"):
        if not first:
            return None, offset  # the standard allows special records after the last unit
        raise BadInput("is not a FITS file: it does not begin with SIMPLE. Check that the name tells the right format.")
    while (end := _end_of(raw)) < 0:
        more = read_at(offset + len(raw), max(len(raw), BLOCK))
        if not more or len(raw) > MAX_HEADER_BYTES:
            raise BadInput("has a header without an END card: the file is truncated. Download or export it again.")
        raw += more
    return header_of(raw[:end]), offset + -(-(end + CARD) // BLOCK) * BLOCK


def _end_of(raw: bytes) -> int:
    at = raw.find(_END)
    while at >= 0 and at % CARD:
        at = raw.find(_END, at + 1)
    return at


def _unit(header: Header, number: int, offset: int, file_size: int) -> Unit:
    unit = Unit(number, header, offset, 0, (), compressed=False)
    axes, bitpix = _axes(unit, "NAXIS"), unit.whole("BITPIX")
    if bitpix not in _BITPIX:
        raise BadInput(
            "unit %(number)s has BITPIX = %(bitpix)s, which FITS does not know. The header is damaged.",
            number=number,
            bitpix=bitpix,
        )
    elements = unit.whole("PCOUNT", 0) + math.prod(axes) if axes else 0
    unit.nbytes = abs(bitpix) // 8 * unit.whole("GCOUNT", 1) * elements
    if offset + unit.nbytes > file_size:
        raise BadInput(
            "unit %(number)s claims %(size)s of data, but only %(left)s of the file remain: it is "
            "truncated, or its header is wrong. Download or export it again.",
            number=number,
            size=size_in_words(unit.nbytes),
            left=size_in_words(max(file_size - offset, 0)),
        )
    if unit.whole("TFIELDS", 0) > MAX_TABLE_COLUMNS:
        raise BadInput(
            "unit %(number)s has more than %(most)s columns, which no FITS table has.",
            number=number,
            most=MAX_TABLE_COLUMNS,
        )
    extension = str(unit.card("XTENSION") or "IMAGE").strip()
    unit.compressed = extension == "BINTABLE" and unit.card("ZIMAGE") is True
    if unit.compressed:
        unit.shape = _axes(unit, "ZNAXIS")
    elif extension in ("IMAGE", "IUEIMAGE"):
        unit.shape = axes
    return unit


def _axes(unit: Unit, keyword: str) -> tuple[int, ...]:
    return tuple(unit.whole(f"{keyword}{axis}") for axis in range(unit.whole(keyword), 0, -1))
