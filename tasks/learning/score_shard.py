"""Score a shard of the archive, synthetic movers among it: cached features, a matrix product, one COPY."""

from typing import Any

import numpy as np
from django.conf import settings
from django.db import transaction
from numpy.typing import NDArray

from ml.data.tracklet_frames import TrackletFrames
from ml.inference.detections import Detection
from ml.roles.detector_scorer import DetectorScorer
from ml.storage.pixel_store import PixelStore
from tasks.base_task import job
from tasks.learning import examples, model_cache
from tasks.learning.external_model import ExternalModel
from tasks.learning.features import Features
from webapp.archive.models import Subject
from webapp.archive.pixels import dropped_among
from webapp.learning import scores
from webapp.learning.models import ModelRole, ScoringShard
from webapp.learning.scoring import conclude

SLAB = 2048
"""Maximum subjects with features in memory at a time."""


@job(ScoringShard)
def shard(row: ScoringShard) -> None:
    checkpoint = row.run.checkpoint
    model = model_cache.model(checkpoint)
    ids, indexes = _subjects(row)
    probabilities, detections = _scored(row, model, ids, indexes)
    dropped = dropped_among(ids.tolist())
    kept = ~np.isin(ids, list(dropped))
    ids, probabilities = ids[kept], probabilities[kept]
    with transaction.atomic():
        row.finish(done=row.total)
        scores.write_scores(checkpoint.pk, ids, probabilities, model.p_real(probabilities))
        scores.write_detections(checkpoint.pk, {key: found for key, found in detections.items() if key not in dropped})
    conclude(row.run)


def _subjects(row: ScoringShard) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return keys and indexes of the range's subjects, since other kinds may have pixels of the same shape."""
    subjects = Subject.objects.with_pixels().filter(
        survey=row.run.survey_id,
        kind=row.run.checkpoint.kind,
        zarr_array=row.zarr_array,
        zarr_index__gte=row.start,
        zarr_index__lt=row.stop,
    )
    table = np.array(list(subjects.order_by("zarr_index").values_list("pk", "zarr_index")), dtype=np.int64).reshape(
        -1, 2
    )
    return table[:, 0], table[:, 1]


def _scored(
    row: ScoringShard, model: model_cache.Model, ids: NDArray[np.int64], indexes: NDArray[np.int64]
) -> tuple[NDArray[Any], dict[int, list[Detection]]]:
    """Return probabilities (n, K), and detections by subject (none for a classifier)."""
    if isinstance(model, ExternalModel):
        return model.probabilities(row.zarr_array, ids.tolist(), indexes, row.renew), {}
    features = Features(
        PixelStore(settings.PIXELS),
        row.run.survey.slug,
        model,
        lambda _: row.renew(),
    )
    parts = [np.zeros((0, len(model.classes)), dtype=np.float32)]
    detections: dict[int, list[Detection]] = {}
    for first in range(0, len(indexes), SLAB):
        known = features.of(row.zarr_array, indexes[first : first + SLAB])
        tracks = _tracks(row, ids[first : first + SLAB], known.shape[1])
        parts.append(model.probabilities_from_features(known, tracks))
        if isinstance(model, DetectorScorer):
            detections |= dict(zip(ids[first : first + SLAB].tolist(), model.detections(known), strict=True))
        row.renew(done=min(first + SLAB, len(indexes)))
    return np.concatenate(parts), detections


def _tracks(row: ScoringShard, ids: NDArray[np.int64], frames: int) -> TrackletFrames | None:
    """Return times and positions of the frames, for a model that uses them."""
    return (
        examples.tracks_of_subjects(ids, [frames] * len(ids)) if row.run.checkpoint.role == ModelRole.TRACKLET else None
    )
