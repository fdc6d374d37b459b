"""Stored features of subjects, read for acquisition; none are computed here."""

from itertools import groupby

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from ml.storage.pixel_store import PixelStore
from webapp.core.sql import fetch
from webapp.learning.models import Checkpoint, ModelRole

PLACES = """
    SELECT subject.zarr_array, subject.zarr_index, wanted.place
    FROM unnest(%s::bigint[]) WITH ORDINALITY AS wanted (id, place) JOIN archive_subject AS subject USING (id)
    ORDER BY subject.zarr_array, subject.zarr_index
"""
GROUPS = """
    SELECT subject.object_group
    FROM unnest(%s::bigint[]) WITH ORDINALITY AS wanted (id, place) JOIN archive_subject AS subject USING (id)
    ORDER BY wanted.place
"""


def features_of(checkpoint: Checkpoint, subjects: NDArray[np.int64]) -> NDArray[np.float32] | None:
    """Return the checkpoint's features of subjects (n, D), the mean over their frames; NaN where none are stored.

    None if it has no features: a detector stores what it found under their name.
    """
    key = checkpoint.manifest.get("feature_key")
    if not key or ModelRole(checkpoint.role).is_detector:
        return None
    store, found = PixelStore(settings.PIXELS), None
    for array, rows in groupby(fetch(PLACES, [subjects.tolist()]), key=lambda row: row[0]):
        indexes, places = np.array([row[1:] for row in rows], dtype=np.int64).T
        try:
            values = store.features_at(checkpoint.survey.slug, array, key, indexes).astype(np.float32).mean(axis=1)
        except FileNotFoundError:
            continue
        if found is None:
            found = np.full((len(subjects), values.shape[1]), np.nan, dtype=np.float32)
        found[places - 1] = values
    return found


def groups_of(subjects: NDArray[np.int64]) -> NDArray[np.str_]:
    """Return the object groups (n,) of subjects."""
    return np.array([group for (group,) in fetch(GROUPS, [subjects.tolist()])])
