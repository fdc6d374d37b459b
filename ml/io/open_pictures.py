"""Open image files by name, with a cache of the last few."""

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from ml.io.limits import MAX_BYTES
from ml.io.picture import Picture
from ml.io.raster import open_image, open_npy
from ml.io.records import BadInput
from ml.io.tess import open_fits

_FITS = tuple(end + zip_ for end in (".fits", ".fit", ".fts") for zip_ in ("", ".gz", ".fz"))
_OPENERS: dict[str, Callable[[Path], Picture]] = dict.fromkeys(_FITS, open_fits)
_OPENERS |= {".png": open_image, ".jpg": open_image, ".jpeg": open_image, ".npy": open_npy}
SUFFIXES = tuple(_OPENERS)
"""File name endings of images."""

_MOST_OPEN = 8


def open_picture(path: Path) -> Picture:
    """Open one image file.

    Raises BadInput with a sentence that says what is wrong.
    """
    opener = next((opener for ending, opener in _OPENERS.items() if path.name.lower().endswith(ending)), None)
    if opener is None:
        raise BadInput("is not of a known kind. Known endings: %(endings)s.", endings=", ".join(SUFFIXES))
    try:
        return opener(path)
    except OSError as error:
        raise BadInput("cannot be read (%(error)s).", error=error.strerror or error) from error


class OpenPictures:
    """The last few open pictures, by path; limited also by the bytes of those in memory."""

    def __init__(self) -> None:
        self._open: OrderedDict[Path, Picture] = OrderedDict()

    def get(self, path: Path) -> Picture:
        """Open `path`, or return it if it is still open."""
        if path not in self._open:
            self._open[path] = open_picture(path)
            self._make_room()
        self._open.move_to_end(path)
        return self._open[path]

    def close(self) -> None:
        """Close them all."""
        for picture in self._open.values():
            picture.close()
        self._open.clear()

    def _make_room(self) -> None:
        while len(self._open) > _MOST_OPEN or (
            len(self._open) > 1 and sum(picture.nbytes for picture in self._open.values()) > MAX_BYTES
        ):
            self._open.popitem(last=False)[1].close()
