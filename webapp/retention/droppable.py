"""Which subjects' pixels may be dropped: retired bogus, old enough, on which nothing else rests."""

from functools import reduce
from operator import or_

import numpy as np
from django.db.models import Exists, OuterRef, Q
from numpy.typing import NDArray

from webapp.archive.models import Subject, Survey
from webapp.archive.models.subject import SubjectQuerySet
from webapp.consensus.models import Consensus
from webapp.consensus.past_retention import NONE, past_retention
from webapp.learning import label_snapshot, test_sets, training_sets
from webapp.learning.models import Checkpoint, TestSet, TrainingRun, TrainingSet
from webapp.learning.retention import models_in_use
from webapp.queue.models import QueueEntry
from webapp.workflows.models import Workflow

RESTING = (
    "rulings",
    "case",
    "reported",
    "proposals",
    "linked_from",
    "collection_items",
    "favourites",
    "comments",
    "volunteer_tags",
    "discoveries",
    "duplicates",
)
"""Relations of a subject whose rows people made about its image."""


def droppable(survey: Survey) -> SubjectQuerySet:
    """Return the subjects whose pixels no person and no open queue needs, by the survey's rule; see also `TrainedOn`.

    Every workflow that knows the subject must have settled it as bogus, long enough ago.
    """
    workflows = Workflow.objects.filter(survey=survey).select_related("survey")
    past = reduce(or_, map(past_retention, workflows), NONE)
    of_subject = Consensus.objects.filter(subject=OuterRef("pk"))
    is_served = QueueEntry.objects.filter(Q(is_retired=False) | Q(is_gold=True), subject=OuterRef("pk"))
    nothing = {f"{relation}__isnull": True for relation in RESTING}
    rows = Subject.objects.filter(survey=survey, gold_label="", **nothing).with_pixels()
    return rows.filter(Exists(of_subject.filter(past)), ~Exists(of_subject.exclude(past)), ~Exists(is_served))


class TrainedOn:
    """The subjects on which models in use or in training rest, and today's test sets. Snapshots are read once."""

    def __init__(self, survey: Survey) -> None:
        self._survey = survey
        self._subjects: dict[tuple[str, str], NDArray[np.int64]] = {}

    def among(self, keys: list[int]) -> set[int]:
        """Return which of the subjects they are, at this moment.

        Raises MissingFile: a snapshot of labels is missing, so nothing can be said.
        """
        wanted, found = np.array(sorted(keys), dtype=np.int64), set[int]()
        for snapshot in self._snapshots():
            if snapshot not in self._subjects:
                self._subjects[snapshot] = label_snapshot.subjects_of(*snapshot)
            first, last = (np.searchsorted(self._subjects[snapshot], wanted, side) for side in ("left", "right"))
            found.update(wanted[first < last].tolist())
        return found

    def _snapshots(self) -> set[tuple[str, str]]:
        used = Checkpoint.objects.filter(pk__in=models_in_use(self._survey)).values("run")
        runs = TrainingRun.objects.filter(survey=self._survey)
        of_runs = TrainingSet.objects.filter(Q(runs__in=used) | Q(runs__in=runs.open())).values_list("hash", flat=True)
        of_tests = TestSet.objects.filter(survey=self._survey, is_current=True).values_list("hash", flat=True)
        return {(training_sets.FOLDER, name) for name in of_runs} | {(test_sets.FOLDER, name) for name in of_tests}
