"""Evaluate a candidate on the frozen test set, compared with the champion."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from ml.evaluation.classifier import bootstrap_difference, evaluate_probabilities
from ml.storage.pixel_store import PixelStore
from tasks.learning import examples, model_cache
from tasks.learning.examples import by_array
from tasks.learning.external_model import ExternalModel
from tasks.learning.features import Features
from webapp.learning import label_changes, scores, test_sets, training_sets
from webapp.learning.label_snapshot import Label
from webapp.learning.models import Checkpoint, ModelRole, Score, TestSet, TrainingRun
from webapp.learning.promotion import Result


@dataclass(frozen=True)
class CheckpointEvaluation:
    """The evaluation: metrics for people, the result for the gate, and the champion of the comparison."""

    metrics: dict[str, Any]
    result: Result
    champion: Checkpoint | None


def evaluate(
    run: TrainingRun, checkpoint: Checkpoint, champion: Checkpoint | None, frozen: TestSet
) -> CheckpointEvaluation:
    """Evaluate the candidate, and compare it with the champion on subjects that neither has trained on.

    Its scores of the test set are stored, so that people can compare it with others even if it scores nothing else.

    Raises
    ------
    NoProbabilities
        If one of the two gives NaN.
    """
    trained_on = training_sets.trained_labels(checkpoint)
    labels = training_sets.unseen_by(checkpoint, test_sets.frozen_labels(frozen))
    p = _probabilities(run, checkpoint, labels)
    if not checkpoint.is_external:  # whose answers are stored already
        scores.write_scores(checkpoint.pk, _subjects(labels), p, model_cache.model(checkpoint).p_real(p))
    metrics = _metrics(checkpoint, labels, p)
    intervals = metrics.get("intervals", {}).get("roc_auc") or [None, None]
    result: dict[str, Any] = {
        "is_from_elsewhere": checkpoint.is_from_elsewhere,
        "labels": len(trained_on),
        "auc": metrics.get("roc_auc"),
        "auc_low": intervals[0],
    }
    if champion is not None:
        result |= _comparison(run, checkpoint, champion, labels, p, trained_on)
    return CheckpointEvaluation(metrics, Result(**result), champion)


def _comparison(
    run: TrainingRun,
    checkpoint: Checkpoint,
    champion: Checkpoint,
    labels: list[Label],
    p: NDArray[Any],
    trained_on: list[Label],
) -> dict[str, Any]:
    champion_trained_on = training_sets.trained_labels(champion)
    new = {
        "same_recipe": champion.run.preset == checkpoint.run.preset and not checkpoint.is_from_elsewhere,
        "new_labels": label_changes.changed_labels(champion.run.workflow, trained_on, champion_trained_on),
    }
    fair = training_sets.unseen_by(champion, labels)
    truth = np.array([label.label == "yes" for label in fair])
    if truth.all() or not truth.any():
        return new
    is_fair = np.isin(_subjects(labels), _subjects(fair))
    ours = model_cache.model(checkpoint).p_real(p[is_fair])
    theirs = model_cache.model(champion).p_real(_probabilities(run, champion, fair))
    groups = np.array([label.object_group for label in fair])
    difference, low, high = bootstrap_difference(truth, ours, theirs, groups)
    is_again = checkpoint.is_external and checkpoint.sha256 == champion.sha256 and difference == low == high == 0
    measured = {"difference": difference, "difference_low": low, "difference_high": high}
    return new | measured | {"is_champion_again": is_again}


def _probabilities(run: TrainingRun, checkpoint: Checkpoint, labels: list[Label]) -> NDArray[np.float32]:
    model = model_cache.model(checkpoint)
    if isinstance(model, ExternalModel):
        return _asked(run, checkpoint, model, labels)
    whole = np.empty((len(labels), len(model.classes)), dtype=np.float32)
    features = Features(
        PixelStore(settings.PIXELS),
        run.survey.slug,
        model,
        lambda _: run.renew(),
    )
    for array, positions, indexes in by_array(labels):
        tracks = (
            examples.tracks_of_labels([labels[at] for at in positions]) if model.role == ModelRole.TRACKLET else None
        )
        whole[positions] = model.probabilities_from_features(features.of(array, indexes), tracks)
    scores.check_probabilities(checkpoint.pk, whole)
    return whole


def _asked(run: TrainingRun, checkpoint: Checkpoint, model: ExternalModel, labels: list[Label]) -> NDArray[np.float32]:
    """Return an external scorer's probabilities; stored ones are not asked for again, so a champion may be offline."""
    subjects = _subjects(labels)
    rows = Score.objects.filter(checkpoint=checkpoint, subject__in=subjects.tolist())
    known = dict(rows.values_list("subject", "p_real"))
    missing = [label for label in labels if label.subject_id not in known]
    for array, positions, indexes in by_array(missing):
        ids = np.array([missing[at].subject_id for at in positions], dtype=np.int64)
        p = model.probabilities(array, ids.tolist(), indexes, run.renew)
        scores.write_scores(checkpoint.pk, ids, p, model.p_real(p))
        known |= dict(zip(ids.tolist(), p[:, 1].tolist(), strict=True))
    yes = np.array([known[subject] for subject in subjects.tolist()], dtype=np.float32)
    return np.stack([1 - yes, yes], axis=1)


def _subjects(labels: list[Label]) -> NDArray[np.int64]:
    return np.array([label.subject_id for label in labels], dtype=np.int64)


def _metrics(checkpoint: Checkpoint, labels: list[Label], p: NDArray[np.float32]) -> dict[str, Any]:
    """Return metrics over the model's classes if the truth is that fine, else of real against bogus.

    Subjects are called real from the checkpoint's own threshold.
    """
    if not labels:
        return {}
    model = model_cache.model(checkpoint)
    groups = np.array([label.object_group for label in labels])
    real = model.p_real(p)
    binary = np.stack([1 - real, real], axis=1)
    truth = ["real" if label.label == "yes" else "bogus" for label in labels]
    metrics = evaluate_probabilities(
        binary, truth, ("bogus", "real"), ("real",), groups, threshold=checkpoint.threshold
    )
    fine = [label.allowed[0] for label in labels]
    if all(len(label.allowed) == 1 and label.allowed[0] in model.classes for label in labels):
        metrics |= {"fine": evaluate_probabilities(p, fine, model.classes, model.positive, groups)}
    return metrics
