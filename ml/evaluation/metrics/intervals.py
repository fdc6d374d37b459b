"""Bootstrap intervals of all metrics of a classifier, from one set of samples of objects."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.evaluation.metrics.bootstrap import bootstrap, interval
from ml.evaluation.metrics.calibration import surprises, weighted_ece
from ml.evaluation.metrics.classes import weighted_accuracy, weighted_kappa
from ml.evaluation.metrics.decisions import weighted_decisions
from ml.evaluation.metrics.operating import (
    completeness_at_precision,
    completeness_at_rejection,
    precision_at_completeness,
    rejected_at_completeness,
    workload_cut,
)
from ml.evaluation.metrics.purity import ABUNDANCES, purity_at_completeness, surest_purity
from ml.evaluation.metrics.ranking import Ranking, rank

Array = NDArray[Any]
KEPT = (0.996, 0.99, 0.95, 0.9)  # 99.6 % is what Rabeendran & Denneau 2021 keep
PRECISIONS = (0.5, 0.9, 0.99)
REJECTED = (0.908,)  # and what they reject
PURE = (0.5, 0.9)  # completeness at which purity is quoted
HALF = 0.5


def class_draws(
    truth: Array, probabilities: Array, said: Array, real: Array, p_real: Array, threshold: float, weights: Array
) -> dict[str, NDArray[np.float64]]:
    """Return every metric of a classifier for each row of weights.

    Parameters
    ----------
    truth, probabilities
        (N,) class numbers and (N, K) probabilities.
    said
        (N,) predicted class numbers.
    real, p_real
        (N,) bool, and the probability of being real, 0..1.
    threshold
        p_real from which a subject is called real.
    weights
        (b, N).

    Returns
    -------
    Arrays (b,) by name; NaN where a metric is undefined in a sample.
    """
    ranking = rank(real, p_real, weights)
    return {
        "accuracy": weighted_accuracy(truth, said, weights),
        "roc_auc": ranking.roc_auc(),
        "pr_auc": ranking.pr_auc(),
        **weighted_decisions(real, p_real >= threshold, weights),
        "kappa": weighted_kappa(truth, said, probabilities.shape[1], weights),
        "log_loss": weights @ surprises(truth, probabilities) / np.sum(weights, axis=1),
        "ece": weighted_ece(real, p_real, weights),
        **operating_points(ranking),
    }


def operating_points(ranking: Ranking) -> dict[str, NDArray[np.float64]]:
    """Return the operating points that the papers quote, arrays (b,) by name, such as "rejected_at_0.996"."""
    points = {f"rejected_at_{c:g}": rejected_at_completeness(ranking, c) for c in KEPT}
    points |= {f"precision_at_{c:g}": precision_at_completeness(ranking, c) for c in KEPT}
    points |= {f"workload_cut_at_{c:g}": workload_cut(ranking, c) for c in KEPT}
    points |= {f"completeness_at_rejected_{r:g}": completeness_at_rejection(ranking, r) for r in REJECTED}
    points |= {f"completeness_at_precision_{p:g}": completeness_at_precision(ranking, p) for p in PRECISIONS}
    return points | {
        _purity(ab, c): purity_at_completeness(ranking, np.array([c]), ab)[:, 0] for ab in ABUNDANCES for c in PURE
    }


def class_intervals(
    truth: Array,
    probabilities: Array,
    real: Array,
    p_real: Array,
    groups: Array,
    *,
    said: Array | None = None,
    threshold: float = HALF,
    seed: int = 0,
    draws: int = 1000,
) -> dict[str, tuple[float, float]]:
    """Return the 95 % interval of every metric, by bootstrap over objects (N,); (NaN, NaN) if undefined.

    Purity starts no higher than the number of bogus subjects supports (`surest_purity`): without a false positive, no
    sample has one either. If `said` (N,) is None, the prediction is the most probable class.
    """
    said = probabilities.argmax(1) if said is None else said
    drawn = bootstrap(
        lambda weights: class_draws(truth, probabilities, said, real, p_real, threshold, weights), groups, draws, seed
    )
    spans = {name: interval(values) for name, values in drawn.items()}
    return spans | _purity_spans(spans, rank(real, p_real))


def _purity_spans(spans: dict[str, tuple[float, float]], ranking: Ranking) -> dict[str, tuple[float, float]]:
    supported = {_purity(ab, c): surest_purity(ranking, np.array([c]), ab)[0, 0] for ab in ABUNDANCES for c in PURE}
    return {name: (float(np.minimum(spans[name][0], floor)), spans[name][1]) for name, floor in supported.items()}


def _purity(abundance: float, completeness: float) -> str:
    return f"purity_{abundance:g}_at_{completeness:g}"
