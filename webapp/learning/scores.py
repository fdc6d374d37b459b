"""Scores and detections: bulk insert, out-of-fold predictions, and the champion's score after a classification.

A champion's scores on its own training set are overfitted. If a training run was asked to cross-validate, each label
has a score from a head trained without its object, in a file beside the weights.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from django.conf import settings
from django.db import connection, transaction
from numpy.typing import NDArray

from ml.inference.detections import Detection
from webapp.learning.models import Checkpoint, Score
from webapp.learning.models import Detection as Row
from webapp.learning.roles import role_of
from webapp.workflows.models import Workflow

_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"
_FLOAT8 = 701  # the type's number in pg_type
_COLUMNS = ("checkpoint_id", "subject_id", "probabilities", "p_real", "entropy")


@transaction.atomic
def write_scores(
    checkpoint_id: int, subject_ids: NDArray[np.int64], probabilities: NDArray[Any], p_real: NDArray[Any]
) -> None:
    """Write one checkpoint's scores of some subjects, replacing earlier ones.

    Parameters
    ----------
    subject_ids
        (n,) primary keys, unique.
    probabilities
        (n, K), by class in the checkpoint's order.
    p_real
        (n,), in 0..1.
    """
    table, columns = Score._meta.db_table, ", ".join(_COLUMNS)
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {table} WHERE checkpoint_id = %s AND subject_id = ANY(%s)",  # noqa: S608 - our own table
            [checkpoint_id, subject_ids.tolist()],
        )
        with cursor.copy(f"COPY {table} ({columns}) FROM STDIN WITH (FORMAT BINARY)") as copy:
            copy.write(_HEADER + packed(checkpoint_id, subject_ids, probabilities, p_real).tobytes() + _TRAILER)


def binary_entropy(p: NDArray[Any]) -> NDArray[np.float64]:
    """Return the entropy (n,), in nats, of a yes with probability `p`; 0 where p is 0 or 1."""
    clipped = np.clip(np.asarray(p, dtype=np.float64), 1e-300, 1 - 1e-16)
    return np.asarray(-(clipped * np.log(clipped) + (1 - clipped) * np.log1p(-clipped)))


def packed(
    checkpoint_id: int, subject_ids: NDArray[np.int64], probabilities: NDArray[Any], p_real: NDArray[Any]
) -> NDArray[np.void]:
    """Return rows (n,) laid out as PostgreSQL's binary COPY wants them: each field behind its length, big-endian."""
    n, k = probabilities.shape
    rows = np.zeros(n, dtype=_row(k))
    rows["fields"] = len(_COLUMNS)
    for field, value in (("checkpoint", checkpoint_id), ("subject", subject_ids), ("p_real", p_real)):
        rows[field]["length"], rows[field]["value"] = 8, value
    rows["entropy"]["length"], rows["entropy"]["value"] = 8, binary_entropy(p_real)
    array = rows["probabilities"]
    array["length"], array["dimensions"], array["type"] = array.dtype.itemsize - 4, 1, _FLOAT8
    array["size"], array["first"] = k, 1
    array["values"]["length"], array["values"]["value"] = 8, probabilities
    return rows


def _row(k: int) -> np.dtype[np.void]:
    integer = np.dtype([("length", ">i4"), ("value", ">i8")])
    number = np.dtype([("length", ">i4"), ("value", ">f8")])
    heading = [(name, ">i4") for name in ("length", "dimensions", "nulls", "type", "size", "first")]
    array = np.dtype([*heading, ("values", number, (k,))])
    fields = [("checkpoint", integer), ("subject", integer), ("probabilities", array), ("p_real", number)]
    return np.dtype([("fields", ">i2"), *fields, ("entropy", number)])


def opinions(workflow: Workflow, subjects: Iterable[int]) -> dict[int, float]:
    """Return the champion's probability of yes by subject, for scored ones; nothing if it is private.

    Show it only after the answer, so that it can't sway anybody.
    """
    if not workflow.reveal_model_score:
        return {}
    champion = {
        "checkpoint__survey": workflow.survey_id,
        "checkpoint__role": role_of(workflow),
        "checkpoint__is_champion": True,
    }
    return dict(Score.objects.filter(**champion, subject__in=list(subjects)).values_list("subject", "p_real"))


@transaction.atomic
def write_detections(checkpoint_id: int, finds: Mapping[int, Sequence[Detection]]) -> None:
    """Write one checkpoint's detections by subject, best first, replacing earlier ones."""
    Row.objects.filter(checkpoint=checkpoint_id, subject__in=list(finds)).delete()
    Row.objects.bulk_create(
        (
            Row(checkpoint_id=checkpoint_id, subject_id=subject, position=position, **_fields(find))
            for subject, found in finds.items()
            for position, find in enumerate(found)
        ),
        batch_size=2000,
    )


def _fields(find: Detection) -> dict[str, float]:
    return {"frame": find.frame, **dict(zip(("x1", "y1", "x2", "y2"), find.line, strict=True)), "score": find.score}


OUT_OF_FOLD = "cross-validated.parquet"


def write_out_of_fold(folder: Path, subjects: Iterable[int], p_real: Iterable[float]) -> None:
    """Write the scores of the subjects (primary keys) beside the checkpoint's weights."""
    pd.DataFrame({"subject_id": list(subjects), "p_real": list(p_real)}).to_parquet(folder / OUT_OF_FOLD, index=False)


def read_out_of_fold(checkpoint: Checkpoint) -> dict[int, float]:
    """Return p_real by subject; empty without cross-validation."""
    path = Path(settings.DATA) / checkpoint.folder / OUT_OF_FOLD
    if not path.is_file():
        return {}
    table = pd.read_parquet(path)
    return dict(zip(table["subject_id"].tolist(), table["p_real"].tolist(), strict=True))
