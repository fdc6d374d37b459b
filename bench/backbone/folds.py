"""Heads on few labels of a simulated sky: ridge and temperature from a held-out fifth, or from five folds."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.backbone.curve import accuracy_of, auc_of, draw_labels, with_features
from ml.data.dataset import Examples
from ml.inference.feature_extractor import Backbone
from ml.training.callbacks import silent
from ml.training.head_training import log_scores, train_head

LABELS = (25, 50, 200, 800)
SCORES: dict[str, Callable[[NDArray[np.float32], Examples], float]] = {"auc": auc_of, "accuracy": accuracy_of}


def folds_figures(learn: Examples, judge: Examples, backbone: Backbone, seeds: range) -> dict[str, Any]:
    """Return AUC, accuracy and log loss (nats) of movers against the rest: by number of labels, a split and folds."""
    learnt, judged = (with_features(_two_classes(examples), backbone) for examples in (learn, judge))
    found: dict[str, Any] = {}
    for labels in LABELS:
        for crossed in (False, True):
            ps = [_probabilities(learnt, judged, backbone, labels, seed, crossed=crossed) for seed in seeds]
            means = {name: np.mean([score(p, judged) for p in ps]) for name, score in SCORES.items()}
            means["log_loss"] = np.mean([_log_loss(p, judged) for p in ps])
            found[f"{labels}, {'folds' if crossed else 'split'}"] = {k: round(float(v), 4) for k, v in means.items()}
    return found


def _probabilities(
    learnt: Examples, judged: Examples, backbone: Backbone, labels: int, seed: int, *, crossed: bool
) -> NDArray[np.float32]:
    known = learnt.take(np.flatnonzero(draw_labels(learnt, labels, seed)))
    assert known.features is not None
    assert judged.features is not None
    crops = backbone.parts(known.features.shape[-1])
    head = train_head(known, known.features, seed=seed, on_epoch=silent, crops=crops, crossed=crossed)[0].stamp
    return log_scores(head, judged.features)[:, 0].exp().numpy()


def _two_classes(examples: Examples) -> Examples:
    real = examples.real() > 0.5
    targets = np.stack([~real, real], axis=1).astype(np.float32)
    return replace(examples, targets=targets, classes=("bogus", "real"), positive=("real",))


def _log_loss(p: NDArray[np.float32], judged: Examples) -> float:
    return float(-np.log(np.maximum(p[judged.targets > 0], 1e-9)).mean())
