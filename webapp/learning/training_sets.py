"""Training sets: their labels as curated, those whose pixels are left, and what a checkpoint has not seen."""

from django.db import transaction

from webapp.archive.models import Subject, Survey
from webapp.archive.pixels import dropped_among
from webapp.learning import label_snapshot, unlabelled_pool
from webapp.learning.label_snapshot import Label
from webapp.learning.model_roles import Classes
from webapp.learning.models import Checkpoint, TrainingSet

FOLDER = "training-sets"


def labels_of(training_set: TrainingSet) -> tuple[list[Label], Classes]:
    """Return the labels and classes of a training set, as curated."""
    return label_snapshot.read_snapshot(FOLDER, training_set.hash)


def is_stored(training_set: TrainingSet) -> bool:
    """Return whether the labels of a training set can be read; a site that was restored in part may lack their file."""
    return label_snapshot.path_of(FOLDER, training_set.hash).exists()


def has_stored_labels(checkpoint: Checkpoint) -> bool:
    """Return whether the labels that a checkpoint was trained on, if any, can be read."""
    training_set = checkpoint.run.training_set
    return training_set is None or is_stored(training_set)


def labels_with_pixels(training_set: TrainingSet) -> tuple[list[Label], Classes]:
    """Return a training set without subjects whose pixels were dropped before an open run had it.

    Retention that did not see that run yet is waited for.
    """
    curated, classes = labels_of(training_set)
    with transaction.atomic():
        Survey.objects.select_for_update(no_key=True).get(pk=training_set.workflow.survey_id)
        dropped = dropped_among([label.subject_id for label in curated])
    return [label for label in curated if label.subject_id not in dropped], classes


def trained_labels(checkpoint: Checkpoint) -> list[Label]:
    """Return the labels that a checkpoint was trained on."""
    training_set = checkpoint.run.training_set
    return labels_of(training_set)[0] if training_set else []


def unseen_by(checkpoint: Checkpoint, labels: list[Label]) -> list[Label]:
    """Leave out the objects that the checkpoint, or one whose network it continues from, has seen, labelled or not.

    Subjects that have become one object since then count as one.
    """
    lineage = checkpoint.lineage()
    learnt = [label for each in lineage for label in trained_labels(each)]
    groups = {label.object_group for label in learnt}
    groups = groups.union(*(unlabelled_pool.pool_groups(each.run) for each in lineage))
    seen = {label.subject_id for label in learnt}.union(*(unlabelled_pool.pool_keys(each.run) for each in lineage))
    now = _groups_now([label.subject_id for label in labels])
    together = Subject.objects.filter(survey=checkpoint.survey_id, object_group__in=set(now.values()))
    groups |= {group for key, group in together.values_list("pk", "object_group") if key in seen}
    return [label for label in labels if not groups & {label.object_group, now.get(label.subject_id)}]


def _groups_now(subjects: list[int]) -> dict[int, str]:
    """Return the subjects' object groups, which linking may have merged since their labels were frozen."""
    rows = Subject.objects.filter(pk__in=subjects).exclude(object_group="")
    return dict(rows.values_list("pk", "object_group"))
