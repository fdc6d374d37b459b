"""The unlabelled subjects that a FixMatch run learns from, frozen with the run as a snapshot named by its hash."""

import hashlib

import numpy as np
from django.db.models import QuerySet
from django.db.models.functions import MD5

from ml.data.unlabelled import MOST_SUBJECTS
from webapp.archive.models import Subject
from webapp.consensus.models import Consensus
from webapp.learning import label_snapshot
from webapp.learning.label_snapshot import Label
from webapp.learning.model_roles import Classes
from webapp.learning.models import TrainingRun
from webapp.learning.test_sets import current_held_out, may_be_tested_on
from webapp.workflows.models import Workflow

FOLDER = "unlabelled-pools"
PLACE = ("pk", "external_id", "zarr_array", "zarr_index", "object_group")


def unlabelled(workflow: Workflow) -> QuerySet[Subject]:
    """Return the subjects that a model for the workflow may learn from without a label.

    Objects that it is, or may later be, tested on are excluded, since a network that has seen them cannot be judged by
    them; so are duplicates, synthetic subjects and those without pixels.
    """
    held_out = current_held_out(workflow.survey, workflow.kind)
    return (
        Subject.objects.originals()
        .observed()
        .with_pixels()
        .filter(survey=workflow.survey_id, kind=workflow.kind)
        .exclude(pk__in=Consensus.objects.labels(workflow).values("subject"))
        .exclude(pk__in=may_be_tested_on(workflow.survey, held_out).values("pk"))
    )


def draw(workflow: Workflow, shape: str) -> str:
    """Freeze unlabelled subjects of a shape, `MOST_SUBJECTS` at most by the hash of their names; return their hash.

    Parameters
    ----------
    shape
        Frames, channels, height and width, as in the name of a pixel array: "1x3x63x63".
    """
    rows = unlabelled(workflow).filter(zarr_array__startswith=f"{shape}-").order_by(MD5("external_id"), "pk")
    drawn = sorted(rows.values_list(*PLACE)[:MOST_SUBJECTS])
    labels = [_nothing_known(*place) for place in drawn]
    keys = np.array([label.subject_id for label in labels], dtype=np.int64)
    name = hashlib.blake2b(keys.tobytes(), digest_size=32).hexdigest()
    label_snapshot.write_snapshot(FOLDER, name, labels, Classes((), ()))
    return name


def _nothing_known(subject_id: int, external_id: str, array: str, index: int, object_group: str) -> Label:
    return Label(subject_id, external_id, array, index, object_group or external_id, "", (), 0.5, "")


def pool_labels(run: TrainingRun) -> list[Label]:
    """Return the subjects that were drawn for a run, by subject id."""
    return label_snapshot.read_snapshot(FOLDER, run.pool)[0]


def pool_groups(run: TrainingRun) -> set[str]:
    """Return the objects that a run may have learnt from without a label; none without a pool."""
    return label_snapshot.groups_of(FOLDER, run.pool) if run.pool else set()


def pool_keys(run: TrainingRun) -> list[int]:
    """Return the keys of the subjects that were drawn for a run; none without a pool."""
    return label_snapshot.subjects_of(FOLDER, run.pool).tolist() if run.pool else []
