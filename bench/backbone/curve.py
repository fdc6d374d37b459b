"""Label curves: models of a few labelled subjects, judged on others."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ml.data.dataset import Examples, grouped_folds
from ml.evaluation.metrics.ranking import roc_auc
from ml.inference.feature_extractor import Backbone
from ml.inference.scorer import Scorer
from ml.training.callbacks import silent
from ml.training.finetune_then_probe import features_of
from ml.training.head_training import log_scores, train_head
from ml.training.presets import channels_of, preset_recipe
from ml.training.train_stamps import train_stamps


def with_features(examples: Examples, backbone: Backbone) -> Examples:
    """Return the examples with this backbone's features, computed once."""
    features = features_of(examples, np.arange(len(examples)), backbone)
    return replace(examples, features=features, feature_key=backbone.feature_key)


def probabilities(known: Examples, asked: Examples, crops: Sequence[int], seed: int) -> NDArray[np.float32]:
    """Return class probabilities (N, K) of some subjects from a head that is fitted on others."""
    assert known.features is not None
    assert asked.features is not None
    heads, _ = train_head(known, known.features, seed=seed, on_epoch=silent, crops=crops)
    return log_scores(heads.stamp, asked.features)[:, 0].exp().numpy()


def trained_from_scratch(known: Examples, asked: Examples, seed: int) -> NDArray[np.float32]:
    """Return class probabilities (N, K) of some subjects from the small net, which learnt from the others alone."""
    made = train_stamps(known, preset_recipe("small", "scratch", channels_of(known)), seed=seed)
    scorer = Scorer(made)
    return scorer.probabilities_from_features(features_of(asked, np.arange(len(asked)), scorer.backbone))


def auc_of(p: NDArray[np.float32], judged: Examples) -> float:
    """Return the AUC of the real classes together."""
    return roc_auc(judged.real() > 0.5, p[:, judged.positive_index].sum(1))


def accuracy_of(p: NDArray[np.float32], judged: Examples) -> float:
    """Return the fraction of subjects whose likeliest class is theirs."""
    return float((p.argmax(1) == judged.targets.argmax(1)).mean())


def draw_labels(examples: Examples, labels: int, seed: int) -> NDArray[np.bool_]:
    """Return which rows are labelled (N,): those of random groups until there are `labels` or more."""
    names, group = np.unique(examples.groups, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(names))
    enough = np.searchsorted(np.cumsum(np.bincount(group)[order]), labels) + 1
    return np.isin(group, order[:enough])


def label_curve(
    examples: Examples, crops: Sequence[int], labels: Sequence[int], seeds: range
) -> dict[str, list[float]]:
    """Return, by number of labels, the AUC on all subjects without one, for each seed."""
    found: dict[str, list[float]] = {}
    for count in labels:
        for seed in seeds:
            labelled = draw_labels(examples, count, seed)
            known, rest = (examples.take(np.flatnonzero(rows)) for rows in (labelled, ~labelled))
            found.setdefault(str(count), []).append(auc_of(probabilities(known, rest, crops, seed), rest))
    return found


def cross_validated(examples: Examples, crops: Sequence[int], seeds: range, folds: int = 5) -> list[float]:
    """Return the AUC of all subjects by heads that have not seen their group, for each seed of folds and splits."""
    return [auc_of(_out_of_fold(examples, crops, folds, seed), examples) for seed in seeds]


def _out_of_fold(examples: Examples, crops: Sequence[int], folds: int, seed: int) -> NDArray[np.float32]:
    fold_of = grouped_folds(examples.groups, examples.kinds(), folds, seed)
    p = np.empty((len(examples), len(examples.classes)), dtype=np.float32)
    for fold in range(folds):
        known, asked = (examples.take(np.flatnonzero(rows)) for rows in (fold_of != fold, fold_of == fold))
        p[fold_of == fold] = probabilities(known, asked, crops, seed)
    return p
