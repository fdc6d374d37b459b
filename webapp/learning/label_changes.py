"""Changes of labels since an earlier training set: new, corrected and withdrawn ones."""

import numpy as np

from webapp.archive.models import Subject
from webapp.consensus.models import Consensus
from webapp.learning import label_snapshot
from webapp.learning.label_snapshot import CONSENSUS, Label
from webapp.learning.models import TrainingSet
from webapp.learning.training_sets import FOLDER
from webapp.workflows.models import Workflow


def new_labels(labels: list[Label], before: list[Label]) -> int:
    """Count the labels that are new or changed; those of the volunteers, only if they now say yes instead of no."""
    known = {label.external_id: label for label in before}
    return sum(_is_new(label, known.get(label.external_id)) for label in labels)


def _is_new(label: Label, before: Label | None) -> bool:
    if before is None or label.label != before.label:
        return True
    return CONSENSUS not in (label.source, before.source) and set(label.allowed) != set(before.allowed)


def withdrawn_labels(workflow: Workflow, labels: list[Label], before: list[Label]) -> int:
    """Count the labels of before that nobody gives any more, though the subjects could be trained on.

    What is missing because a test set was frozen or pixels were dropped does not count.
    """
    left = {label.subject_id for label in before} - {label.subject_id for label in labels}
    rows = Subject.objects.originals().with_pixels().filter(pk__in=left, gold_label="")
    return rows.exclude(pk__in=Consensus.objects.labels(workflow).values("subject")).count()


def changed_labels(workflow: Workflow, labels: list[Label], before: list[Label]) -> int:
    """Count the labels that are new, say something else, or were withdrawn since those of before, the workflow's."""
    return new_labels(labels, before) + withdrawn_labels(workflow, labels, before)


def no_longer_given(training_set: TrainingSet) -> int:
    """Count the labels that volunteers had given for a training set and do not give any more, without reading both."""
    given = Consensus.objects.labels(training_set.workflow).values_list("subject", flat=True)
    before = label_snapshot.subjects_of(FOLDER, training_set.hash, CONSENSUS)
    return len(np.setdiff1d(before, np.fromiter(given.iterator(), dtype=np.int64), assume_unique=True))
