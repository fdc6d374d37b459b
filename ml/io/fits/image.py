"""FITS images: plain, multi-extension, tile-compressed, gzipped, of any byte order.

Plain images are read with one system call per selection of planes, directly from the file, so a cube that thousands of
subjects share needs no more memory than one of them. Tile compression is left to astropy.
"""

import io
import math
import os
import re
from pathlib import Path

import numpy as np
from astropy.io import fits

from ml.io.fits.header import Value
from ml.io.fits.layout import Unit, walk
from ml.io.fits.scaling import apply_scaling, native_order
from ml.io.fits.tiles import check_gzip, whole_tiles
from ml.io.gunzip import MAGIC, gunzip
from ml.io.limits import check_bytes, decoding
from ml.io.message import Message
from ml.io.picture import Facts, Selection, span
from ml.io.records import BadInput
from ml.io.times import exposure_seconds, mid_exposure

NOT_SKY = {"VAR", "VARIANCE", "ERR", "ERROR", "SIGMA", "RMS", "UNCERT", "WHT", "WEIGHT", "WEIGHTS", "EXP", "EXPMAP"}
NOT_SKY |= {"DQ", "MASK", "FLAGS", "BADPIX", "CTX", "PSF", "PSFIMAGE", "SKY", "SKYFIT", "BKG", "BACKGROUND", "APERTURE"}
"""Extension names of companions (variance, masks) rather than images."""

_WCS_CARD = re.compile(
    r"(CTYPE|CUNIT|CRVAL|CRPIX|CDELT|CROTA)[12]|(CD|PC)[12]_[12]|PV[12]_\d+|(A|B|AP|BP)_(\d_\d|ORDER)"
    r"|LONPOLE|LATPOLE|RADESYSA?|EQUINOX"
)


class FitsPicture:
    """The science images of one FITS file.

    One image has its own axes; several of equal shape are stacked along a new first axis. Images named SCI take
    precedence over all others, and companions such as VAR, DQ or MASK are left out.

    Parameters
    ----------
    source
        The file, or its bytes.
    """

    colours = False
    kind: str | None = None

    def __init__(self, source: Path | bytes) -> None:
        self.file = _opened(source)
        try:
            size = self.file.seek(0, os.SEEK_END)
            if not size:
                raise BadInput("is empty: 0 bytes. Download or export it again.")
            self.units = walk(self._read_at, size)
            self.primary = self.units[0]
            self.images = _science(self.units)
        except BaseException:
            self.file.close()
            raise
        self.nbytes = size if isinstance(self.file, io.BytesIO) else 0
        first = self.images[0].shape
        self.shape = first if len(self.images) == 1 else (len(self.images), *first)
        self._facts: dict[int, Facts] = {}
        self._hdus: fits.HDUList | None = None  # opened by astropy only for compressed tiles

    def take(self, selection: Selection) -> np.ndarray:
        """Read planes, scaled as the header says, in native byte order; see `Picture`."""
        if len(self.images) == 1:
            return self._read(self.images[0], selection)
        if isinstance(selection, int):
            return self._read(self.images[selection], None)
        chosen = self.images[selection or slice(None)]
        check_bytes(sum(math.prod(image.shape) * _depth(image) for image in chosen), Message("this file"))
        return np.stack([self._read(image, None) for image in chosen])

    def facts(self, plane: int) -> Facts:
        """Read time, exposure, band and WCS from the header of the plane, falling back to the primary header."""
        image = plane if len(self.images) > 1 else 0
        if image not in self._facts:
            self._facts[image] = self._told(self.images[image])
        return self._facts[image]

    def _told(self, unit: Unit) -> Facts:
        def card(keyword: str) -> Value:
            value = unit.card(keyword)
            return value if value is not None or unit is self.primary else self.primary.card(keyword)

        mjd, keyword = mid_exposure(card)
        band = next((str(value).strip() for name in ("FILTER", "BAND", "FILTNAM") if (value := card(name))), "")
        return Facts(mjd, keyword, exposure_seconds(card)[0], band, wcs_cards(unit))

    def close(self) -> None:
        if self._hdus is not None:
            self._hdus.close()
        self.file.close()

    def _read_at(self, offset: int, count: int) -> bytes:
        if isinstance(self.file, io.FileIO):
            return os.pread(self.file.fileno(), count, offset)
        self.file.seek(offset)
        return self.file.read(count)

    def _read_into(self, room: np.ndarray, offset: int) -> None:
        if isinstance(self.file, io.FileIO):
            count = os.preadv(self.file.fileno(), [room.data], offset)
        else:
            self.file.seek(offset)
            count = self.file.readinto(room.data)
        if count < room.size:
            raise BadInput("became shorter while it was read. Wait until it is written, and try again.")

    def _read(self, unit: Unit, selection: Selection) -> np.ndarray:
        first, count = span(selection, unit.shape[0])
        shape = (count, *unit.shape[1:])
        check_bytes(math.prod(shape) * _depth(unit), Message("this image"))
        pixels = self._tiles(unit, first, count) if unit.compressed else self._plain(unit, first, shape)
        return pixels[0] if isinstance(selection, int) else pixels

    def _plain(self, unit: Unit, first: int, shape: tuple[int, ...]) -> np.ndarray:
        depth = _depth(unit)
        disk = np.dtype(f">{'f' if unit.whole('BITPIX') < 0 else 'i'}{depth}" if depth > 1 else "u1")
        start = first * math.prod(shape[1:]) * depth
        pixels = np.empty(shape, disk)
        self._read_into(pixels.reshape(-1).view(np.uint8), unit.offset + start)
        return apply_scaling(pixels, unit)

    def _tiles(self, unit: Unit, first: int, count: int) -> np.ndarray:
        tile = math.prod(unit.whole(f"ZTILE{axis}", 1) for axis in range(1, len(unit.shape) + 1))
        check_bytes(tile * _depth(unit), Message("one tile of this image"))
        planes = whole_tiles(unit, first, count)
        check_bytes((planes.stop - planes.start) * math.prod(unit.shape[1:]) * _depth(unit), Message("this image"))
        with decoding(Message("cannot be decompressed")):
            if self._hdus is None:
                self.file.seek(0)
                self._hdus = fits.open(self.file)
            image = self._hdus[unit.number]
            check_gzip(unit, image, planes)
            return native_order(image.section[first : first + count])


def _opened(source: Path | bytes) -> io.FileIO | io.BytesIO:
    if isinstance(source, bytes):
        return io.BytesIO(gunzip(io.BytesIO(source)) if source.startswith(MAGIC) else source)
    file = io.FileIO(source)
    if os.pread(file.fileno(), 2, 0) != MAGIC:
        return file
    with file:
        return io.BytesIO(gunzip(file))


def _science(units: list[Unit]) -> list[Unit]:
    images = [unit for unit in units if len(unit.shape) >= 2]
    named = [unit for unit in images if unit.name == "SCI"]
    images = named or [unit for unit in images if unit.name not in NOT_SKY] or images
    if not images:
        raise BadInput("holds no image: none of its units has two axes or more. Tables of detections are not ingested.")
    if math.prod(images[0].shape) == 0:
        sides = " × ".join(str(side) for side in images[0].shape)
        raise BadInput(
            "holds an image of %(sides)s pixels: nothing to look at. Leave it out, or make it again.", sides=sides
        )
    if len({image.shape for image in images}) > 1 or len(images[0].shape) > 2:
        return images[:1]
    return images


def _depth(unit: Unit) -> int:
    return abs(unit.whole("ZBITPIX" if unit.compressed else "BITPIX")) // 8


def wcs_cards(unit: Unit, projection: str = "") -> dict[str, float | str] | None:
    """Return the cards of an image's celestial WCS; None without one.

    Parameters
    ----------
    projection
        Of an image whose WCS names none, such as ``TAN``; by default such a WCS is not celestial.
    """
    cards = {key: unit.card(key) for key in unit.header if _WCS_CARD.fullmatch(key)}
    wcs = {key: value for key, value in cards.items() if isinstance(value, int | float | str)}
    if projection and "CRVAL1" in wcs and not wcs.get("CTYPE1"):
        wcs |= {"CTYPE1": f"RA---{projection}", "CTYPE2": f"DEC--{projection}"}
    return wcs if wcs.get("CTYPE1") else None
