"""Cutouts from a HiPS, a survey's images as FITS tiles that are cells of HEALPix.

The whole sky is one image in the HPX projection, which turns each of HEALPix's twelve faces into a square of tiles. A
cutout takes the nearest pixel of the deepest order for each of its own.

Sources: IVOA Recommendation HiPS 1.0; Calabretta & Roukema 2007, MNRAS 381, 865 (HPX).
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from astropy.coordinates import ICRS, SkyCoord
from astropy.wcs import WCS
from numpy.typing import NDArray

from ml.io.frames import Part
from ml.io.open_pictures import OpenPictures
from ml.io.picture import Facts
from ml.io.records import BadInput
from ml.io.safe_path import Files

PROPERTIES = "properties"
"""Name of the file that says what a HiPS is, in its root."""

_LONGEST = 2**16  # bytes of it
_WIDTHS = tuple(str(2**power) for power in range(5, 13))
_ORDERS = tuple(map(str, range(21)))
_FRAMES = {"equatorial": ("RA---HPX", "DEC--HPX"), "galactic": ("GLON-HPX", "GLAT-HPX")}
_FACES = {
    (2, 1): 0, (1, 0): 1, (4, 3): 2, (3, 2): 3, (2, 2): 4, (1, 1): 5, (0, 0): 6, (4, 4): 6, (3, 3): 7, (1, 2): 8,
    (0, 1): 9, (3, 4): 10, (2, 3): 11,
}  # fmt: skip
"""HEALPix's faces by column and row in the image of the whole sky; the one at longitude 180° is there twice."""


@dataclass(frozen=True)
class Hips:
    """Its deepest order, the pixels along a tile, and its coordinates."""

    order: int
    width: int
    frame: str

    @property
    def face(self) -> int:
        """The pixels along a face of HEALPix."""
        return self.width * 2**self.order

    def pixels(self, ra: NDArray[np.float64], dec: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return columns and rows in the image of the whole sky, (2, …), of places in degrees, ICRS."""
        at = SkyCoord(ra, dec, unit="deg", frame=ICRS).transform_to(self.frame if self.frame == "galactic" else ICRS)
        places = _sky(self).all_world2pix(at.spherical.lon.deg, at.spherical.lat.deg, 0)
        return np.floor(np.stack(places) + 0.5).astype(np.int64)

    def tile(self, column: int, row: int) -> int | None:
        """Return the number of the tile in this column and row of tiles; None where the image is empty.

        Within a face, HEALPix counts x to the north-east, against our rows, and y to the north-west, with our columns.
        """
        along = 2**self.order
        face = _FACES.get((column // along, row // along))
        if face is None:
            return None
        x, y = along - 1 - row % along, column % along
        bits = sum((x >> bit & 1) << 2 * bit | (y >> bit & 1) << 2 * bit + 1 for bit in range(self.order))
        return face * along**2 + bits


def cut_out_of_hips(files: Files, name: str, pictures: OpenPictures, place: tuple[float, float], side: int) -> Part:
    """Cut a square around a position out of a HiPS.

    Raises BadInput: it is none with FITS tiles, or has no tile at the position.

    Parameters
    ----------
    files, name
        Where its files are, and the name of its `PROPERTIES` there.
    place
        Right ascension and declination in degrees, ICRS.
    side
        Pixels, of the size of the HiPS's.

    Returns
    -------
    Part
        Pixels (side, side) as float32, north up and east to the left, NaN where there are no tiles; with a WCS.
    """
    hips = read_properties(files.file(name))
    cards = _cards(hips, place, side)
    rows, columns = np.mgrid[:side, :side]
    found = hips.pixels(*WCS(cards).all_pix2world(columns, rows, 0))
    pixels = np.full((side, side), np.nan, dtype=np.float32)
    tiles = found // hips.width
    middle = tuple(tiles[:, side // 2, side // 2])
    for column, row in np.unique(tiles.reshape(2, -1), axis=1).T.tolist():
        number = hips.tile(column, row)
        is_there = (tiles[0] == column) & (tiles[1] == row)
        try:
            tile = _tile(hips, files, name, pictures, number)
        except BadInput:
            if (column, row) == middle:
                raise
            continue  # the survey's edge
        x, y = found[:, is_there] % hips.width
        pixels[is_there] = tile[y, x]
    return Part(pixels, colours=False, kind=None, facts=lambda _: Facts(wcs=cards))


def read_properties(path: Path) -> Hips:
    """Read what a HiPS is; raises BadInput where it has no FITS tiles, or ones of an unknown kind."""
    with path.open("rb") as file:
        text = file.read(_LONGEST).decode("utf-8", "replace")
    values = {key.strip(): value.strip() for key, _, value in (line.partition("=") for line in text.splitlines())}
    if "fits" not in values.get("hips_tile_format", "").split():
        raise BadInput("describes no HiPS with FITS tiles.")
    order, width = values.get("hips_order", ""), values.get("hips_tile_width", "512")
    frame = values.get("hips_frame", "")
    if not (order in _ORDERS and width in _WIDTHS and frame in _FRAMES):
        raise BadInput(
            "describes tiles of order “%(order)s”, width “%(width)s” and coordinates “%(frame)s”: they are not read.",
            order=order[:20],
            width=width[:20],
            frame=frame[:20],
        )
    return Hips(int(order), int(width), frame)


def _tile(hips: Hips, files: Files, name: str, pictures: OpenPictures, number: int | None) -> NDArray[np.float32]:
    if number is None:
        raise BadInput("has no tile there.")
    folder = name.removesuffix(PROPERTIES)
    path = files.file(f"{folder}Norder{hips.order}/Dir{number // 10_000 * 10_000}/Npix{number}.fits")
    pixels = pictures.get(path).take(None)
    if pixels.shape != (hips.width, hips.width):
        raise BadInput("has a tile of another size: %(name)s.", name=path.name)
    return pixels.astype(np.float32, copy=False)


def _cards(hips: Hips, place: tuple[float, float], side: int) -> dict[str, float | str]:
    """Return the WCS of a cutout: tangential, with pixels of the area of the HiPS's."""
    scale, middle = float(np.degrees(np.sqrt(np.pi / 3))) / hips.face, (side + 1) / 2
    return {
        "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": place[0], "CRVAL2": place[1], "CRPIX1": middle,
        "CRPIX2": middle, "CD1_1": -scale, "CD1_2": 0.0, "CD2_1": 0.0, "CD2_2": scale,
    }  # fmt: skip


@lru_cache(maxsize=8)
def _sky(hips: Hips) -> WCS:
    """Return the WCS of the whole sky's image: five faces high and wide, turned so that faces are upright."""
    wcs = WCS(naxis=2)
    scale = 45 / hips.face
    wcs.wcs.ctype, wcs.wcs.crval = _FRAMES[hips.frame], (0.0, 0.0)
    wcs.wcs.cd = [[-scale, -scale], [scale, -scale]]
    wcs.wcs.crpix = [(5 * hips.face + 1) / 2] * 2
    wcs.wcs.set_pv([(2, 1, 4), (2, 2, 3)])
    return wcs
