"""Scores and detections: bulk insert, out-of-fold predictions, and the champion's score after a classification.

A champion's scores on its own training set are overfitted. If a training run was asked to cross-validate, each label
has a score from a head trained without its object, in a file beside the weights.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from numpy.typing import NDArray
from psycopg.errors import UniqueViolation

from ml.inference.detections import Detection
from webapp.consensus.consensus_rows import refresh_models
from webapp.learning.messages import NOT_PROBABILITIES
from webapp.learning.model_roles import role_of
from webapp.learning.models import Checkpoint, Score
from webapp.learning.models import Detection as Row
from webapp.workflows.models import Workflow

WAITS = (0.1, 0.5, 2.5)
"""Seconds between attempts to copy scores into rows that somebody else is writing."""

ROUNDING = 1e-4
"""How far above 1 the sum of rounded probabilities may be."""

_COLUMNS = {
    "checkpoint_id": "int8",
    "subject_id": "int8",
    "probabilities": "float8[]",
    "p_real": "float8",
    "entropy": "float8",
}


class NoProbabilities(ValueError):
    """A model gives something that is no probability, such as NaN after a training that diverged."""

    def __init__(self, message: str, checkpoint_id: int) -> None:
        super().__init__(message)
        self.checkpoint_id = checkpoint_id


def check_probabilities(checkpoint_id: int, p: NDArray[Any]) -> None:
    """Raise NoProbabilities unless all values, (n,) or (n, K), are finite and in 0..1."""
    sound = np.isfinite(p) & (p >= 0) & (p <= 1 + ROUNDING)
    bad = ~sound.all(axis=tuple(range(1, sound.ndim)))
    if bad.any():
        raise NoProbabilities(NOT_PROBABILITIES(model=checkpoint_id, bad=int(bad.sum()), n=len(p)), checkpoint_id)


@transaction.atomic
def write_scores(
    checkpoint_id: int, subject_ids: NDArray[np.int64], probabilities: NDArray[Any], p_real: NDArray[Any]
) -> None:
    """Write one checkpoint's scores of some subjects, replacing earlier ones; a champion's go into the consensus too.

    Raises NoProbabilities if one of them is none; nothing is written.

    Parameters
    ----------
    subject_ids
        (n,) primary keys, unique.
    probabilities
        (n, K), by class in the checkpoint's order.
    p_real
        (n,), in 0..1.
    """
    check_probabilities(checkpoint_id, probabilities)
    check_probabilities(checkpoint_id, p_real)
    order = np.argsort(subject_ids)  # two runs that write the same scores wait for each other, but not in a circle
    columns = tuple(column[order] for column in (subject_ids, probabilities, p_real, binary_entropy(p_real)))
    _twice_if_needed(lambda: _replace(checkpoint_id, columns))
    is_champion = Checkpoint.objects.filter(pk=checkpoint_id, is_champion=True).exists()
    if is_champion and (locked := refresh_models(subject_ids.tolist())):
        transaction.on_commit(partial(_refresh_later, locked))


def _refresh_later(subjects: list[int]) -> None:
    """Copy scores into rows that votes and verdicts had locked; what stays locked follows with its next vote."""
    for seconds in WAITS:
        time.sleep(seconds)
        subjects = refresh_models(subjects)
        if not subjects:
            return


def _twice_if_needed(replace: Callable[[], None]) -> None:
    """Replace rows; again if another run has written some of them meanwhile, and committed: now they are seen."""
    try:
        with transaction.atomic():
            replace()
    except (UniqueViolation, IntegrityError):
        replace()


def _replace(checkpoint_id: int, columns: Sequence[NDArray[Any]]) -> None:
    """Delete the checkpoint's scores of the subjects in the first column, and write these."""
    table = Score._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {table} WHERE checkpoint_id = %s AND subject_id = ANY(%s)",  # noqa: S608 - our own table
            [checkpoint_id, columns[0].tolist()],
        )
        with cursor.copy(f"COPY {table} ({', '.join(_COLUMNS)}) FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(list(_COLUMNS.values()))
            for row in zip(*(np.asarray(column).tolist() for column in columns), strict=True):
                copy.write_row((checkpoint_id, *row))


def binary_entropy(p: NDArray[Any]) -> NDArray[np.float64]:
    """Return the entropy (n,), in nats, of a yes with probability `p`; 0 where p is 0 or 1."""
    clipped = np.clip(np.asarray(p, dtype=np.float64), 1e-300, 1 - 1e-16)
    return np.asarray(-(clipped * np.log(clipped) + (1 - clipped) * np.log1p(-clipped)))


@dataclass(frozen=True)
class Opinion:
    """What a model thinks of a subject."""

    p_real: float
    model: int


def opinions(workflow: Workflow, subjects: Iterable[int]) -> dict[int, Opinion]:
    """Return the champion's opinions by subject, for scored ones; nothing if they are private.

    Show them only after the answer, so that they can't sway anybody.
    """
    return champions_opinions(workflow, subjects) if workflow.reveal_model_score else {}


def champions_opinions(workflow: Workflow, subjects: Iterable[int]) -> dict[int, Opinion]:
    """Return the champion's opinions by subject, for scored ones.

    A consensus has an earlier champion's score until the present one has scored its subject.
    """
    champion = {
        "checkpoint__survey": workflow.survey_id,
        "checkpoint__role": role_of(workflow),
        "checkpoint__is_champion": True,
    }
    rows = Score.objects.filter(**champion, subject__in=list(subjects))
    scores = rows.values_list("subject", "p_real", "checkpoint")
    return {subject: Opinion(p_real, model) for subject, p_real, model in scores}


@transaction.atomic
def write_detections(checkpoint_id: int, detections: Mapping[int, Sequence[Detection]]) -> None:
    """Write one checkpoint's detections by subject, best first, replacing earlier ones."""
    rows = [
        Row(checkpoint_id=checkpoint_id, subject_id=subject, position=position, **_fields(each))
        for subject, found in sorted(detections.items())
        for position, each in enumerate(found)
    ]

    def replace() -> None:
        Row.objects.filter(checkpoint=checkpoint_id, subject__in=list(detections)).delete()
        Row.objects.bulk_create(rows, batch_size=2000)

    _twice_if_needed(replace)


def _fields(detection: Detection) -> dict[str, float]:
    place = dict(zip(("x1", "y1", "x2", "y2"), detection.line, strict=True))
    return {"frame": detection.frame, **place, "score": detection.score}


OUT_OF_FOLD = "cross-validated.parquet"


def write_out_of_fold(folder: Path, p_real: Mapping[int, float]) -> None:
    """Write the scores by subject (primary key) beside the checkpoint's weights."""
    pq.write_table(pa.table({"subject_id": list(p_real), "p_real": list(p_real.values())}), folder / OUT_OF_FOLD)


def read_out_of_fold(checkpoint: Checkpoint) -> dict[int, float]:
    """Return p_real by subject; empty without cross-validation."""
    path = Path(settings.DATA) / checkpoint.folder / OUT_OF_FOLD
    if not path.is_file():
        return {}
    table = pq.read_table(path)
    return dict(zip(table["subject_id"].to_pylist(), table["p_real"].to_pylist(), strict=True))
