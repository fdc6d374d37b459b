"""Snapshot of labels as an immutable Parquet file, named by its hash."""

import hashlib
import json
import os
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from django.conf import settings
from numpy.typing import NDArray

from webapp.core.partial_files import PARTIAL
from webapp.learning.messages import MISSING_FILE
from webapp.learning.model_roles import Classes

SCHEMA = pa.schema(
    [
        ("subject_id", pa.int64()),
        ("external_id", pa.string()),
        ("array", pa.string()),
        ("index", pa.int64()),
        ("object_group", pa.string()),
        ("label", pa.string()),
        ("allowed", pa.list_(pa.string())),
        ("p_yes", pa.float32()),
        ("source", pa.string()),
        ("marks", pa.list_(pa.list_(pa.float64()))),
    ]
)


class MissingFile(FileNotFoundError):
    """A file of labels is missing; the message says which one, and what to do."""


CONSENSUS = "consensus"
"""The source of labels that volunteers gave."""

Lines = tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Label:
    """What is known of one subject: the classes that its label allows, the probability of yes, and who said so.

    `allowed` names classes of both sides: `p_yes` is shared out to those that are real, the rest to the others.

    `marks` are the lines that volunteers drew: (volunteer, frame, x1, y1, x2, y2), in pixels as in `Mark`; the
    volunteer is a number within the subject.
    """

    subject_id: int
    external_id: str
    array: str
    index: int
    object_group: str
    label: str
    allowed: tuple[str, ...]
    p_yes: float
    source: str
    marks: Lines = ()


Place = tuple[int, str, str, int, str]
"""The first five fields of a label."""


def gold_label(place: Place, gold: str, gold_source: str, classes: Classes, marks: Lines = ()) -> Label:
    answer = classes.answer(gold)
    source = "ruling" if gold_source == "ruling" else "gold"
    return Label(*place, answer, classes.allowed(gold), float(answer == "yes"), source, marks)


def digest(labels: Sequence[Label], classes: Classes) -> str:
    """Return the hash of labels and classes, independent of where pixels are stored.

    Two surveys that took in the same files have labels of their own: the file names subjects.
    """
    hashed = hashlib.blake2b(json.dumps([classes.names, classes.positive]).encode(), digest_size=32)
    for label in sorted(labels, key=lambda label: label.external_id):
        rows = [
            label.subject_id, label.external_id, label.object_group, label.label, label.allowed, round(label.p_yes, 3),
            label.source,
        ]  # fmt: skip
        hashed.update(json.dumps([*rows, label.marks] if label.marks else rows).encode())
    return hashed.hexdigest()


def write_snapshot(folder: str, name: str, labels: Sequence[Label], classes: Classes) -> None:
    """Write DATA/folder/name.parquet atomically. An existing file of that name has the same contents and is kept."""
    path = path_of(folder, name)
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = {field: [getattr(label, field) for label in labels] for field in SCHEMA.names}
    metadata = {"classes": json.dumps(classes.names), "positive": json.dumps(classes.positive)}
    partial = path.with_name(f".{name}-{uuid.uuid4().hex}{PARTIAL}")
    try:
        pq.write_table(pa.table(columns, schema=SCHEMA.with_metadata(metadata)), partial)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def read_snapshot(folder: str, name: str) -> tuple[list[Label], Classes]:
    """Return the labels, ordered by subject id, and their classes; raises MissingFile, as all that read a snapshot."""
    table = _table(folder, name)
    metadata = {key.decode(): tuple(json.loads(value)) for key, value in table.schema.metadata.items()}
    return [_label(row) for row in table.to_pylist()], Classes(metadata["classes"], metadata["positive"])


def subjects_of(folder: str, name: str, source: str = "") -> NDArray[np.int64]:
    """Return the keys of the labelled subjects, (n,), ascending; with a source, of those whose label is from it."""
    chosen = [("source", "=", source)] if source else None
    table = _table(folder, name, columns=["subject_id"], filters=chosen)
    return np.sort(table["subject_id"].to_numpy())


def groups_of(folder: str, name: str) -> set[str]:
    """Return the object groups of the labelled subjects."""
    return set(_table(folder, name, columns=["object_group"])["object_group"].to_pylist())


def _table(folder: str, name: str, **chosen: Any) -> pa.Table:
    try:
        return pq.read_table(path_of(folder, name), **chosen)
    except FileNotFoundError as error:
        raise missing(folder, name) from error


def missing(folder: str, name: str) -> MissingFile:
    """Return the error that says so of a file."""
    return MissingFile(MISSING_FILE[folder](file=f"{folder}/{name}.parquet"))


def _label(row: dict[str, Any]) -> Label:
    marks = tuple(tuple(mark) for mark in row.pop("marks", None) or ())  # older files lack this column
    return Label(**{**row, "allowed": tuple(row["allowed"]), "marks": marks})


def path_of(folder: str, name: str) -> Path:
    return Path(settings.DATA) / folder / f"{name}.parquet"
