"""Explain a checkpoint's score of one subject: single detections, leaving one out, occlusion maps."""

import numpy as np
from numpy.typing import NDArray

from ml.inference.explanation import explain
from tasks.base_task import job
from tasks.learning import model_cache
from tasks.learning.examples import tracks_of_subjects
from webapp.archive.pixels import pixels_of
from webapp.learning.models import Explanation, ModelRole


@job(Explanation)
def explanation(row: Explanation) -> None:
    block = pixels_of(row.subject)
    row.renew(total=len(block), done=0)
    is_tracklet = row.checkpoint.role == ModelRole.TRACKLET
    tracks = tracks_of_subjects([row.subject_id], [len(block)]) if is_tracklet else None
    found = explain(model_cache.scorer(row.checkpoint), block, tracks, lambda done: row.renew(done=done))
    row.finish(
        p_real=found.p_real,
        detections=_rounded(found.detections),
        without=[None if np.isnan(value) else value for value in _rounded(found.without)],
        occlusion=_rounded(found.occlusion),
    )


def _rounded(values: NDArray[np.float32]) -> list:
    rounded: list = np.round(values.astype(float), 5).tolist()
    return rounded
