"""Subject pixels from the Zarr store set by PIXELS."""

from functools import cache

import numpy as np
from django.conf import settings

from ml.storage.pixel_store import PixelStore
from webapp.archive.models import Subject


@cache
def _store(root: str) -> PixelStore:
    return PixelStore(root)


def pixel_store() -> PixelStore:
    """Return this process's store, opened once, since its arrays stay open."""
    return _store(settings.PIXELS)


def pixels_of(subject: Subject) -> np.ndarray:
    """Read a subject's pixels, (F, C, H, W).

    Raises LookupError: the store has none.
    """
    try:
        return pixel_store().get(subject.survey.slug, subject.zarr_array, subject.zarr_index)
    except FileNotFoundError as error:
        raise LookupError(f"The store holds no array {subject.survey.slug}/{subject.zarr_array}.") from error


def shape_of(subject: Subject) -> tuple[int, int, int, int]:
    """Return frames, channels, height and width, from the name of the pixel array."""
    frames, channels, height, width = (int(side) for side in subject.zarr_array.partition("-")[0].split("x"))
    return frames, channels, height, width


def planes_of(subject: Subject) -> int:
    """Return how many planes are shown in turn: the frames, or the channels of a single frame."""
    frames, channels, _height, _width = shape_of(subject)
    return frames if frames > 1 else channels
