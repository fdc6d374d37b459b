"""Limits on tile-compressed FITS images, checked before astropy unpacks them.

Tiles packed by RICE, HCOMPRESS or PLIO unpack to the size given in the header. Gzip can unpack to any size, so every
tile large enough to exceed one subject's limit is measured.
"""

import gzip
import io
import math

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from ml.io.fits.layout import Unit
from ml.io.limits import DEFLATE_MOST, MAX_BYTES, size_in_words

_COLUMNS = ("COMPRESSED_DATA", "GZIP_COMPRESSED_DATA")
_ITEM = {"B": 1, "I": 2, "J": 4}  # bytes of what a column counts
_WIDEST = 8  # bytes of a pixel in a tile, whatever the image has


def whole_tiles(unit: Unit, first: int, count: int) -> slice:
    """Return the planes that must be unpacked to get `count` of them starting at `first`: whole tiles."""
    deep = _sides(unit)[0]
    return slice(first // deep * deep, min(-(-(first + count) // deep) * deep, unit.shape[0]))


def check_gzip(unit: Unit, image: fits.CompImageHDU, planes: slice) -> None:
    """Measure the unpacked size of large gzip tiles of some planes, each only up to its limit.

    Raises ValueError: a tile unpacks to more than its pixels need, or points nowhere. Errors of gzip and astropy are
    passed on.

    Parameters
    ----------
    unit, image
        The image, and the same as astropy opened it.
    planes
        As `whole_tiles` returns them.
    """
    sides, table = _sides(unit), image._bintable
    beside = math.prod(-(-length // side) for length, side in zip(unit.shape[1:], sides[1:], strict=True))
    rows = slice(planes.start // sides[0] * beside, -(-planes.stop // sides[0]) * beside)
    limit = min(math.prod(sides) * _WIDEST, MAX_BYTES)
    for size, offset in _large(table, rows, gzip_only=image.compression_type.startswith("GZIP")):
        # Read as astropy will: a reader of our own could be shown other bytes than astropy is.
        packed = table._get_raw_data(int(size), np.uint8, table._data_offset + table._theap + int(offset))
        with gzip.GzipFile(fileobj=io.BytesIO(packed)) as tile:
            if len(tile.read(limit + 1)) > limit:
                raise ValueError(f"a tile unpacks to more than the {size_in_words(limit)} that its pixels can take")


def _sides(unit: Unit) -> tuple[int, ...]:
    """Return the sides of a whole tile in numpy's order."""
    tile_sides = (unit.whole(f"ZTILE{axis}", 1) for axis in range(len(unit.shape), 0, -1))
    return tuple(min(max(side, 1), length) for side, length in zip(tile_sides, unit.shape, strict=True))


def _large(table: fits.BinTableHDU, rows: slice, *, gzip_only: bool) -> NDArray[np.int64]:
    """Return size and offset (n, 2) in bytes of the gzip tiles among some rows that could exceed the limit."""
    found = [np.empty((0, 2), np.int64)]
    for name in _COLUMNS if gzip_only else _COLUMNS[1:]:
        if name not in table.columns.dtype.names:
            continue
        places = np.array(table.data[name])[rows].astype(np.int64)
        if (places < 0).any():
            raise ValueError(f"{name} points to before the tiles")
        places[:, 0] *= _ITEM[table.columns[name].format.removeprefix("1")[1]]
        found.append(places[places[:, 0] > MAX_BYTES // DEFLATE_MOST])
    return np.concatenate(found)
