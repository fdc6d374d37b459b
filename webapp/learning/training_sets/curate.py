"""Curate a training set: an immutable, hashed snapshot of today's labels."""

from collections import Counter
from contextlib import suppress

from django.db import transaction

from webapp.learning.models.training_run import TrainingSet
from webapp.learning.roles import Classes, classes_of
from webapp.learning.test_sets import TooLittleGold, current
from webapp.learning.training_sets import snapshot
from webapp.learning.training_sets.labels import labels
from webapp.learning.training_sets.snapshot import Label
from webapp.workflows.models import Workflow

FOLDER = "training-sets"


def curate(workflow: Workflow) -> TrainingSet:
    """Snapshot the labels that a model for the workflow may learn from. The same labels give the same row.

    The test set is frozen first if there is enough gold, so that what it takes is never trained on.
    """
    with suppress(TooLittleGold):  # the gate will say so; training itself needs no test set
        current(workflow.survey, workflow.kind)
    found, classes = labels(workflow), classes_of(workflow.survey)
    name = snapshot.digest(found, classes)
    snapshot.write(FOLDER, name, found, classes)
    return _row(workflow, name, found)


def labels_of(training_set: TrainingSet) -> tuple[list[Label], Classes]:
    """Return the labels and classes of a training set, as they were curated."""
    return snapshot.read(FOLDER, training_set.hash)


def new_labels(labels: list[Label], before: list[Label]) -> int:
    """Count the labels that are new, or say something else than before."""
    known = {(label.external_id, label.label) for label in before}
    return sum((label.external_id, label.label) not in known for label in labels)


@transaction.atomic
def _row(workflow: Workflow, name: str, found: list[Label]) -> TrainingSet:
    before = workflow.training_sets.exclude(hash=name).order_by("-id").first()
    known = labels_of(before)[0] if before else []
    return TrainingSet.objects.get_or_create(
        workflow=workflow,
        hash=name,
        defaults={
            "size": len(found),
            "new_labels": new_labels(found, known),
            "sources": dict(Counter(label.source for label in found)),
        },
    )[0]
