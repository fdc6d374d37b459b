"""Compare two models of one role: metrics and curves on the frozen test set, and where their answers differ."""

from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Any

import numpy as np
from django.contrib.auth.models import User
from django.db import connection, transaction
from numpy.typing import NDArray

from ml.evaluation.classifier import bootstrap_difference
from ml.evaluation.metrics.calibration_error import ece, log_loss, reliability_diagram
from ml.evaluation.metrics.decisions import binary
from ml.evaluation.metrics.ranking import rank
from webapp.archive.models import Subject, Survey
from webapp.core.jobs import JobState
from webapp.learning.models import Checkpoint, Score, ScoringRun, TestSet
from webapp.learning.retention import models_in_use
from webapp.learning.scoring import start_scoring
from webapp.learning.test_sets import frozen_labels
from webapp.learning.training_sets import unseen_by

FEWEST = 10
"""Test subjects of each kind without which curves and intervals say nothing."""

POINTS = 200
"""Points of a curve; more cannot be seen."""

CHANGED = f"""
    FROM {Score._meta.db_table} AS one JOIN {Score._meta.db_table} AS other USING (subject_id)
    WHERE one.checkpoint_id = %(first)s AND other.checkpoint_id = %(second)s
        AND (one.p_real >= %(first_threshold)s) <> (other.p_real >= %(second_threshold)s)
        AND NOT EXISTS (SELECT FROM {Subject._meta.db_table} WHERE id = subject_id AND is_synthetic)
"""

COUNT_CHANGED = f"SELECT count(*) FILTER (WHERE other.p_real >= %(second_threshold)s), count(*) {CHANGED}"

LIST_CHANGED = f"""
    SELECT subject_id, one.p_real, other.p_real {CHANGED}
    ORDER BY abs(one.p_real - other.p_real) DESC, subject_id LIMIT %(most)s
"""


@dataclass(frozen=True)
class ComparableSubjects:
    """The test subjects that are new to all of M models and scored by all.

    Attributes
    ----------
    subjects, is_real, groups
        (n,) primary keys, truth, and object groups.
    p_real
        (M, n), by model.
    seen, unscored
        How many test subjects are left out, because a model was trained on their object, or has no score of them.
    """

    subjects: NDArray[np.int64]
    is_real: NDArray[np.bool_]
    groups: NDArray[Any]
    p_real: NDArray[np.float64]
    seen: int
    unscored: int

    @property
    def is_enough(self) -> bool:
        """Return whether there are enough of each kind."""
        real = int(self.is_real.sum())
        return min(real, len(self.is_real) - real) >= FEWEST


def comparable_subjects(frozen: TestSet, *models: Checkpoint) -> ComparableSubjects:
    """Return the test set's subjects that all models can be compared on."""
    labels = frozen_labels(frozen)
    unseen = reduce(lambda known, model: unseen_by(model, known), models, labels)
    keys = [label.subject_id for label in unseen]
    scores = [
        dict(Score.objects.filter(checkpoint=model, subject__in=keys).values_list("subject", "p_real"))
        for model in models
    ]
    kept = [label for label in unseen if all(label.subject_id in known for known in scores)]
    return ComparableSubjects(
        subjects=np.array([label.subject_id for label in kept], dtype=np.int64),
        is_real=np.array([label.label == "yes" for label in kept], dtype=bool),
        groups=np.array([label.object_group for label in kept]),
        p_real=np.array([[known[label.subject_id] for label in kept] for known in scores], dtype=np.float64),
        seen=len(labels) - len(unseen),
        unscored=len(unseen) - len(kept),
    )


@dataclass(frozen=True)
class Performance:
    """One model on the subjects that it is compared on; called real from its own threshold."""

    checkpoint: Checkpoint
    is_real: NDArray[np.bool_]
    p_real: NDArray[np.float64]

    @cached_property
    def metrics(self) -> dict[str, float]:
        """Return ROC AUC, PR AUC, precision, recall, F1, MCC, log loss (nats) and calibration error."""
        both = np.stack([1 - self.p_real, self.p_real], axis=1)
        return {
            **binary(self.is_real, self.p_real, self.checkpoint.threshold),
            "log_loss": log_loss(self.is_real.astype(int), both),
            "ece": ece(self.is_real, self.p_real),
        }

    @cached_property
    def is_called_real(self) -> NDArray[np.bool_]:
        return self.p_real >= self.checkpoint.threshold

    @property
    def confusion(self) -> list[tuple[int, int]]:
        """Return (called no, called yes) of the bogus subjects, then of the real ones."""
        called, real = self.is_called_real, self.is_real
        return [(int((side & ~called).sum()), int((side & called).sum())) for side in (~real, real)]

    def points(self) -> list[tuple[float, float, float, float]]:
        """Return threshold, false positive rate, completeness and precision, the highest threshold first."""
        ranking = rank(self.is_real, self.p_real)
        chosen = np.unique(np.linspace(0, len(ranking.thresholds) - 1, POINTS).astype(int))
        rates = (ranking.false_positive_rate[0, chosen], ranking.completeness[0, chosen], ranking.precision[0, chosen])
        return list(zip(ranking.thresholds[chosen].tolist(), *(each.tolist() for each in rates), strict=True))

    def calibration(self) -> list[tuple[float, int, float, float, float]]:
        """Return mean probability, number, fraction of real and its 95 % interval by filled bin."""
        diagram = reliability_diagram(self.is_real, self.p_real)
        filled = diagram["n"] > 0
        columns = {name: diagram[name][filled].tolist() for name in ("mean", "n", "real", "low", "high")}
        return [(mean, int(n), real, low, high) for mean, n, real, low, high in zip(*columns.values(), strict=True)]

    def mistakes(self, most: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return positions of bogus subjects called real and of real ones called bogus, the surest first."""
        false = np.flatnonzero(self.is_called_real & ~self.is_real)
        missed = np.flatnonzero(~self.is_called_real & self.is_real)
        return false[np.argsort(-self.p_real[false])][:most], missed[np.argsort(self.p_real[missed])][:most]


def difference(rows: ComparableSubjects) -> tuple[float, float, float]:
    """Return how much higher the second model's ROC AUC is, and the 95 % interval by bootstrap over objects."""
    return bootstrap_difference(rows.is_real, rows.p_real[1], rows.p_real[0], rows.groups)


@dataclass(frozen=True)
class Changed:
    """A subject that the models answer differently."""

    subject: int
    before: float
    after: float


def changed(first: Checkpoint, second: Checkpoint, most: int) -> tuple[int, int, list[Changed]]:
    """Return how many subjects of the archive go from no to yes, and from yes to no, and the largest changes."""
    parameters = {
        "first": first.pk,
        "second": second.pk,
        "first_threshold": first.threshold,
        "second_threshold": second.threshold,
        "most": most,
    }
    with connection.cursor() as cursor:
        cursor.execute(COUNT_CHANGED, parameters)
        to_yes, total = cursor.fetchone()
        cursor.execute(LIST_CHANGED, parameters)
        rows = [Changed(*row) for row in cursor.fetchall()]
    return to_yes, total - to_yes, rows


def without_archive(*models: Checkpoint) -> list[Checkpoint]:
    """Return the models without scores of the archive, and none on the way, though such scores would be kept."""
    kept = models_in_use(models[0].survey)
    return [model for model in models if model.pk in kept and not _has_archive(model)]


def without_scores(*models: Checkpoint) -> list[Checkpoint]:
    """Return the models without a single score, such as those whose scores were deleted: see `retention.prune`."""
    return [model for model in models if not model.scores.exists()]


def _has_archive(model: Checkpoint) -> bool:
    """Return whether a run scores the archive with the model, or has done so and the scores were not deleted since."""
    runs = model.scoring_runs.of_archive()
    return runs.open().exists() or (runs.filter(state=JobState.DONE).exists() and model.scores.exists())


@transaction.atomic
def score_archive(model: Checkpoint, by: User) -> ScoringRun | None:
    """Score the archive with a model that has not scored it; None, and nothing is started, if it has, or does."""
    Survey.objects.select_for_update(no_key=True).get(pk=model.survey_id)
    return start_scoring(model, requested_by=by) if without_archive(model) else None
