"""When and where the frames of the archive's tracklets were seen, for the model that looks at their motion."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ml.data.tracklet_frames import TrackletFrames, own_time, sightings, stacked
from webapp.archive.models import Frame, Subject
from webapp.learning.training_sets.snapshot import Label

FIELDS = ("mjd_mid", "mjd_keyword", "ra", "dec", "mag", "snr")
AT_ONCE = 2000
"""Subjects whose rows are read in one query."""
UNKNOWN = (None, None, None, None, None)


def of_labels(labels: Sequence[Label]) -> TrackletFrames:
    """Return the tracks of labelled subjects, in their order."""
    frames = [int(label.array.split("x")[0]) for label in labels]
    return of_subjects([label.subject_id for label in labels], frames)


def of_subjects(ids: Sequence[int] | NDArray[np.int64], frames: Sequence[int]) -> TrackletFrames:
    """Return the tracks of subjects by key, in their order; each has as many frames as its pixels.

    What no row tells is unknown: a subject without frame rows still has its pixels.
    """
    keys, found = [int(key) for key in ids], []
    for first in range(0, len(keys), AT_ONCE):
        part = slice(first, first + AT_ONCE)
        found += _sightings(keys[part], frames[part])
    return stacked(found)


def _sightings(keys: list[int], frames: Sequence[int]) -> list[NDArray[np.float64]]:
    seen: dict[int, dict[int, tuple[float | None, ...]]] = defaultdict(dict)
    rows = Frame.objects.filter(subject_id__in=keys).values_list("subject_id", "position", *FIELDS)
    for key, position, mjd, keyword, *rest in rows:
        seen[key][position] = (own_time(mjd, keyword), *rest)
    metadata = dict(Subject.objects.filter(pk__in=keys).values_list("pk", "metadata"))
    return [
        sightings([seen[key].get(position, UNKNOWN) for position in range(count)], metadata.get(key, {}))
        for key, count in zip(keys, frames, strict=True)
    ]
