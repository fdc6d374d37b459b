"""Which frozen sets of labels hold a subject: those that models were trained on, and those that judge them."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pyarrow.parquet as pq

from webapp.learning import test_sets
from webapp.learning.models.training_run import TestSet, TrainingSet
from webapp.learning.training_sets import curate, snapshot
from webapp.volunteers.models import Workflow

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
