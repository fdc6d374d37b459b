"""The interface of every image file: shape, planes, and header facts."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

Selection = int | slice | None
"""Along the first axis: one plane, a range of planes, or everything."""


def span(selection: Selection, length: int) -> tuple[int, int]:
    """Return the first selected plane out of `length`, and their number."""
    if isinstance(selection, int):
        return selection, 1
    first, stop, _ = (selection or slice(None)).indices(length)
    return first, max(stop - first, 0)


@dataclass(slots=True)
class Facts:
    """The metadata of one exposure from a header; see `FrameRecord`."""

    mjd_mid: float | None = None
    mjd_keyword: str = ""
    exptime: float | None = None
    band: str = ""
    wcs: dict[str, float | str] | None = None


class Picture(Protocol):
    """An opened image file.

    Attributes
    ----------
    shape
        (…, H, W) of the whole file.
    held
        Bytes of memory while it is open.
    colours
        Whether the axis before (H, W) is colours of one exposure, as in a PNG, rather than planes whose meaning depends
        on the kind of subject.
    kind
        The kind of subject in such files; None to infer it from the shape.
    """

    shape: tuple[int, ...]
    held: int
    colours: bool
    kind: str | None

    def take(self, selection: Selection) -> np.ndarray:
        """Read planes in their own dtype and native byte order."""
        ...

    def facts(self, plane: int) -> Facts:
        """Return the metadata of one plane."""
        ...

    def close(self) -> None: ...


class ArrayPicture:
    """An image in memory: a PNG, a JPEG, an npy file."""

    kind: str | None = None

    def __init__(self, array: np.ndarray, *, colours: bool) -> None:
        self.array = array
        self.shape = array.shape
        self.held = array.nbytes
        self.colours = colours

    def take(self, selection: Selection) -> np.ndarray:
        return self.array if selection is None else self.array[selection]

    def facts(self, plane: int) -> Facts:
        return Facts()

    def close(self) -> None:
        """Do nothing; no file is open."""
