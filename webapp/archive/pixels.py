"""Subject pixels from the Zarr store set by PIXELS."""

from collections.abc import Sequence
from functools import cache

import numpy as np
from django.conf import settings

from ml.storage.pixel_store import PixelStore
from webapp.archive.models import Kind, Subject
from webapp.core.sql import fetch


@cache
def _store(root: str) -> PixelStore:
    return PixelStore(root)


def pixel_store() -> PixelStore:
    """Return this process's store, opened once, since its arrays stay open."""
    return _store(settings.PIXELS)


def pixels_of(subject: Subject) -> np.ndarray:
    """Read a subject's pixels, (F, C, H, W).

    Raises LookupError: the store has none, or they were dropped.
    """
    if subject.pixels_dropped_at is not None:
        raise LookupError(f"The pixels of {subject} were dropped on {subject.pixels_dropped_at:%Y-%m-%d}.")
    try:
        return pixel_store().get(subject.survey.slug, subject.zarr_array, subject.zarr_index)
    except FileNotFoundError as error:
        raise LookupError(f"The store holds no array {subject.survey.slug}/{subject.zarr_array}.") from error


DROPPED = "SELECT id FROM archive_subject WHERE id = ANY(%s) AND pixels_dropped_at IS NOT NULL"


def dropped_among(subjects: Sequence[int]) -> set[int]:
    """Return those of the subjects whose pixels were dropped. Ask after reading their pixels."""
    return {key for (key,) in fetch(DROPPED, [list(subjects)])}


def shape_of(subject: Subject) -> tuple[int, int, int, int]:
    """Return frames, channels, height and width, from the name of the pixel array."""
    frames, channels, height, width = (int(side) for side in subject.zarr_array.partition("-")[0].split("x"))
    return frames, channels, height, width


def may_show_motion(subject: Subject) -> bool:
    """Return whether a subject can show a motion: in several frames, or as trails in a cutout."""
    return shape_of(subject)[0] > 1 or subject.kind == Kind.CUTOUT


def channels_of(subject: Subject) -> list[str]:
    """Return the names of a frame's channels where it has several and each has a name."""
    names = list(subject.survey.channels)
    return names if len(names) == shape_of(subject)[1] > 1 else []


def planes_of(subject: Subject) -> int:
    """Return how many planes are shown in turn: the frames, or the channels of a single frame."""
    frames, channels, _height, _width = shape_of(subject)
    return frames if frames > 1 else channels
