"""The pixels of a FixMatch run's unlabelled subjects."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from django.conf import settings

from ml.data.dataset import Rows
from ml.data.unlabelled import Unlabelled
from ml.storage.pixel_store import PixelStore
from tasks.learning.examples import pixels_of
from webapp.archive.pixels import dropped_among
from webapp.learning import messages, unlabelled_pool
from webapp.learning.label_snapshot import Label
from webapp.learning.models import Preset, TrainingRun


@contextmanager
def pool_of(row: TrainingRun, labels: list[Label], store: PixelStore) -> Iterator[Unlabelled | None]:
    """Yield unlabelled subjects shaped as the labelled ones are; None for another preset, or if there are none.

    They are drawn once for each run, so that one that resumes has the same.
    """
    if row.preset != Preset.FIXMATCH:
        yield None
        return
    row.renew(message=messages.READING_POOL())
    if not row.pool:
        row.renew(pool=unlabelled_pool.draw(row.workflow, labels[0].array.partition("-")[0]))
    drawn = unlabelled_pool.pool_labels(row)
    if not drawn:
        yield None
        return
    with pixels_of(drawn, store, row.survey.slug, Path(settings.DATA) / "temporary") as pixels:
        dropped = dropped_among([each.subject_id for each in drawn])
        rows = np.array([at for at, each in enumerate(drawn) if each.subject_id not in dropped], dtype=np.intp)
        names = np.array([each.external_id for each in drawn])
        groups = np.array([each.object_group for each in drawn])
        yield Unlabelled(names[rows], groups[rows], Rows(pixels, rows))
