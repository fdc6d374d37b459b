"""Columns about subjects, and the training and test sets that hold them, read a page at a time."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from django.urls import reverse

from webapp.archive.models import Subject
from webapp.archive.pixels import shape_of
from webapp.consensus.models import Consensus
from webapp.core.csv_writer import instant
from webapp.learning import test_sets
from webapp.learning.models.training_run import TestSet, TrainingSet
from webapp.learning.training_sets import curate, snapshot
from webapp.workflows.models import Workflow


@dataclass(frozen=True, slots=True)
class Facts:
    """A subject, and what the votes on it come to, if there are any."""

    subject: Subject
    consensus: Consensus | None

    @property
    def size(self) -> tuple[int, int, int]:
        """Frames, width and height in pixels."""
        frames, _channels, height, width = shape_of(self.subject)
        return frames, width, height

    def metadata(self) -> dict[str, Any]:
        """Return the subject's metadata, with the id that its survey gave it."""
        drawn = {"#synthetic": True} if self.subject.is_synthetic else {}
        return {**self.subject.metadata, "external_id": self.subject.external_id, **drawn}

    def retired(self) -> dict[str, Any] | None:
        """Return how the subject was retired, in Panoptes' words; None while it is open."""
        row = self.consensus
        if row is None or not row.is_retired:
            return None
        return {
            "id": row.pk,
            "workflow_id": row.workflow_id,
            "classifications_count": row.votes,
            "created_at": instant(self.subject.created_at),
            "updated_at": instant(row.updated_at),
            "retired_at": instant(row.retired_at),
            "subject_id": row.subject_id,
            "retirement_reason": row.retired_reason,
        }

    def pictures(self, address: str) -> list[str]:
        """Return the address of each frame's picture; `address` is the site's, without a slash at its end."""
        path = reverse("picture", args=[self.subject.pk, self.subject.checksum])
        return [f"{address}{path}?frame={frame}" for frame in range(self.size[0])]


def facts_of(workflow: Workflow, subjects: Collection[int]) -> dict[int, Facts]:
    """Return the facts of some subjects, in two queries."""
    summed = {row.subject_id: row for row in Consensus.objects.filter(workflow=workflow, subject__in=subjects)}
    return {pk: Facts(subject, summed.get(pk)) for pk, subject in Subject.objects.in_bulk(list(subjects)).items()}


SHORT = 10


@dataclass(frozen=True, slots=True)
class FrozenSet:
    """The subjects of one set, 8 bytes each, in ascending order."""

    name: str
    subjects: np.ndarray

    def among(self, subjects: Collection[int]) -> set[int]:
        """Return those of some subjects that the set holds."""
        asked = np.fromiter(subjects, np.int64, len(subjects))
        return set(asked[np.isin(asked, self.subjects)].tolist())


def training_sets_of(workflow: Workflow) -> list[FrozenSet]:
    """Return the sets that models of this workflow were trained on, the oldest first."""
    rows = TrainingSet.objects.filter(workflow=workflow).order_by("pk")
    return _frozen(curate.FOLDER, [row.hash for row in rows])


def test_sets_of(workflow: Workflow) -> list[FrozenSet]:
    """Return the sets that judge models about subjects of the workflow's kind, the oldest first."""
    rows = TestSet.objects.filter(survey=workflow.survey_id, kind=workflow.kind).order_by("pk")
    return _frozen(test_sets.FOLDER, [row.hash for row in rows])


def names_by_subject(sets: Collection[FrozenSet], subjects: Collection[int]) -> dict[int, str]:
    """Return by subject the names of the sets that hold it, with a semicolon between."""
    found: dict[int, list[str]] = {}
    for each in sets:
        for subject in each.among(subjects):
            found.setdefault(subject, []).append(each.name)
    return {subject: ";".join(names) for subject, names in found.items()}


def _frozen(folder: str, hashes: Collection[str]) -> list[FrozenSet]:
    """Read the sets whose files are on this machine; one that was removed says nothing any more."""
    paths = {name: snapshot.path_of(folder, name) for name in dict.fromkeys(hashes)}
    return [
        FrozenSet(name[:SHORT], np.sort(pq.read_table(path, columns=["subject_id"])["subject_id"].to_numpy()))
        for name, path in paths.items()
        if path.exists()
    ]
