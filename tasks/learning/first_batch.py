"""Choose a workflow's first batch: features of a sample with the frozen backbone, and the typical ones of it."""

from typing import Any

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from ml.storage.pixel_store import PixelStore
from tasks.base_task import job
from tasks.learning import model_cache
from tasks.learning.features import Features, Network
from webapp.learning.first_batch import finish, sample_of, typical_of
from webapp.learning.models import FirstBatch

BLANK = 0.01
"""Features nearer than this to those of a blank picture are those of one."""


@job(FirstBatch)
def first_batch(row: FirstBatch) -> None:
    sample = sample_of(row.workflow)
    row.renew(done=0, total=len(sample))
    entries = sample["entry"]
    if len(sample):
        entries = typical_of(sample, _features(row, sample), np.random.default_rng(row.pk))
    finish(row, entries, len(sample))


def _features(row: FirstBatch, sample: NDArray[np.void]) -> NDArray[np.float32]:
    """Return the mean features of the frames of each subject (n, D); NaN for blank ones, and for rarer widths.

    The width depends on the number of channels.
    """
    network, store, slug = model_cache.packaged(), PixelStore(settings.PIXELS), row.workflow.survey.slug
    cached = Features(store, slug, network, lambda n: row.renew(done=row.done + n))
    parts = []
    for array in np.unique(sample["array"].astype(str)):
        indexes = sample["index"][sample["array"] == array]
        values = cached.of(array, indexes).astype(np.float32).mean(axis=1)
        blank = np.abs(values - _of_blank(network, array)).max(axis=1) < BLANK
        values[blank] = np.nan
        parts.append(values)
    return joined(parts)


def joined(parts: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Return parts (n, D) below one another, in the width that most rows have; rows of another width are NaN."""
    widths = np.repeat([part.shape[1] for part in parts], [len(part) for part in parts])
    width = int(np.bincount(widths).argmax())
    rows = [part if part.shape[1] == width else np.full((len(part), width), np.nan, np.float32) for part in parts]
    return np.concatenate(rows)


def _of_blank(network: Network, array: str) -> NDArray[np.float32]:
    """Return the features (D,) of a subject without a measured pixel."""
    shape = [int(side) for side in array.split("-")[0].split("x")]
    values: NDArray[Any] = network.features(np.full((1, 1, *shape[1:]), np.nan, dtype=np.float32))
    return values[0, 0].astype(np.float32)
