"""Training examples: curated labels with features or pixels, and times and positions of tracklets' frames."""

import math
import os
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ml.data.dataset import Examples
from ml.data.tracklet_frames import TrackletFrames, own_time, sightings, stacked
from ml.imaging.annulus import to_width
from ml.storage.pixel_store import PixelStore
from tasks.learning.features import Features
from webapp.archive.models import Frame, Subject
from webapp.learning.label_snapshot import Label
from webapp.learning.model_roles import Classes


def by_array(labels: list[Label]) -> Iterator[tuple[str, NDArray[np.int64], NDArray[np.int64]]]:
    """Yield each pixel array's name, the positions of its labels in the list, and their ascending indexes in it."""
    arrays, indexes = np.array([label.array for label in labels]), np.array([label.index for label in labels])
    for array in np.unique(arrays):
        positions = np.flatnonzero(arrays == array)
        order = positions[np.argsort(indexes[positions])]
        yield str(array), order, indexes[order]


def features_of(labels: list[Label], features: Features) -> NDArray[np.float16]:
    """Return features (N, F, D) in the order of the labels, padded with NaN for shorter tracklets.

    D is that of the stamps with the most channels.
    """
    parts = [(positions, features.of(array, indexes)) for array, positions, indexes in by_array(labels)]
    frames, columns = (max(values.shape[axis] for _, values in parts) for axis in (1, 2))
    whole = np.full((len(labels), frames, columns), np.nan, dtype=np.float16)
    for positions, values in parts:
        whole[positions, : values.shape[1]] = to_width(values, columns)
    return whole


def examples(labels: list[Label], classes: Classes, training_set: str) -> Examples:
    """Return labels as soft targets and groups, without features or pixels yet."""
    real = np.isin(classes.names, classes.positive)
    allowed = np.array([np.isin(classes.names, label.allowed) for label in labels]).reshape(len(labels), len(real))
    p_yes = np.array([label.p_yes for label in labels])[:, None]
    return Examples(
        targets=(allowed * np.where(real, p_yes, 1 - p_yes)).astype(np.float32),
        weights=np.ones(len(labels), dtype=np.float32),
        groups=np.array([label.object_group for label in labels]),
        classes=classes.names,
        positive=classes.positive,
        training_set=training_set,
    )


def of_one_shape(labels: list[Label]) -> list[Label]:
    """Return the labels whose stamps have the most common channels and size, since a network takes one shape."""
    if not labels:
        return []
    shapes = np.array(["x".join(label.array.split("-")[0].split("x")[1:]) for label in labels])
    names, counts = np.unique(shapes, return_counts=True)
    return [label for label, shape in zip(labels, shapes, strict=True) if shape == names[counts.argmax()]]


@contextmanager
def pixels_of(labels: list[Label], store: PixelStore, survey: str, folder: Path) -> Iterator[NDArray[np.float32]]:
    """Yield the pixels (N, F, C, H, W) of labels of one shape, mapped from a file in `folder` without a name.

    Padded with 0 for shorter tracklets. The file ends with its process, even a killed one, and has its room on the disk
    from the start: a disk that gets full under a mapped file kills the process.

    Raises OSError if the disk has too little room.
    """
    chunks = list(by_array(labels))
    shapes = [tuple(int(side) for side in array.split("-")[0].split("x")) for array, _, _ in chunks]
    frames = max(shape[0] for shape in shapes)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder) as file:
        shape = (len(labels), frames, *shapes[0][1:])
        if hasattr(os, "posix_fallocate"):  # macOS has none
            os.posix_fallocate(file.fileno(), 0, math.prod(shape) * np.dtype(np.float32).itemsize)
        whole = np.memmap(file, mode="r+", dtype=np.float32, shape=shape)
        for (array, positions, indexes), (count, *_) in zip(chunks, shapes, strict=True):
            new_chunk = np.flatnonzero(np.diff(indexes // store.chunk(survey, array))) + 1
            for rows in np.split(np.arange(len(indexes)), new_chunk):
                first, last = int(indexes[rows[0]]), int(indexes[rows[-1]])
                slab = store.slab(survey, array, first, last + 1)
                whole[positions[rows], :count] = slab[indexes[rows] - first]
        yield whole


FIELDS = ("mjd_mid", "mjd_keyword", "ra", "dec", "mag", "snr")
AT_ONCE = 2000
"""Subjects per query."""
UNKNOWN = (None, None, None, None, None)


def tracks_of_labels(labels: Sequence[Label]) -> TrackletFrames:
    """Return the tracks of labelled subjects, in their order."""
    frames = [int(label.array.split("x")[0]) for label in labels]
    return tracks_of_subjects([label.subject_id for label in labels], frames)


def tracks_of_subjects(ids: Sequence[int] | NDArray[np.int64], frames: Sequence[int]) -> TrackletFrames:
    """Return the tracks of subjects by key, in order; each has as many frames as its pixels.

    Missing values are unknown: a subject without frame rows still has its pixels.
    """
    keys, tracks = [int(key) for key in ids], []
    for first in range(0, len(keys), AT_ONCE):
        part = slice(first, first + AT_ONCE)
        tracks += _sightings(keys[part], frames[part])
    return stacked(tracks)


def _sightings(keys: list[int], frames: Sequence[int]) -> list[NDArray[np.float64]]:
    by_frame: dict[int, dict[int, tuple[float | None, ...]]] = defaultdict(dict)
    rows = Frame.objects.filter(subject_id__in=keys).values_list("subject_id", "position", *FIELDS)
    for key, position, mjd, keyword, *rest in rows:
        by_frame[key][position] = (own_time(mjd, keyword), *rest)
    metadata = dict(Subject.objects.filter(pk__in=keys).values_list("pk", "metadata"))
    return [
        sightings([by_frame[key].get(position, UNKNOWN) for position in range(count)], metadata.get(key, {}))
        for key, count in zip(keys, frames, strict=True)
    ]
