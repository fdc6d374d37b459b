"""Bootstrap intervals of all metrics of a classifier, from one set of samples of objects."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.evaluation.metrics.bootstrap import bootstrap, interval
from ml.evaluation.metrics.calibration_error import surprises, weighted_ece
from ml.evaluation.metrics.decisions import weighted_accuracy, weighted_decisions, weighted_kappa
from ml.evaluation.metrics.exact_bounds import surest_auc, surest_decisions
from ml.evaluation.metrics.operating import (
    ABUNDANCES,
    completeness_at_precision,
    completeness_at_rejection,
    precision_at_completeness,
    purity_at_completeness,
    rejected_at_completeness,
    surest_purity,
    workload_cut,
)
from ml.evaluation.metrics.ranking import Ranking, rank

Array = NDArray[Any]
KEPT = (0.996, 0.99, 0.95, 0.9)  # 99.6 % is what Rabeendran & Denneau 2021 keep
PRECISIONS = (0.5, 0.9, 0.99)
REJECTED = (0.908,)  # and what they reject
PURE = (0.5, 0.9)  # completeness at which purity is quoted
HALF = 0.5


def class_draws(
    truth: Array, probabilities: Array, predicted: Array, real: Array, p_real: Array, threshold: float, weights: Array
) -> dict[str, NDArray[np.float64]]:
    """Return every metric of a classifier for each row of weights.

    Parameters
    ----------
    truth, probabilities
        (N,) class numbers and (N, K) probabilities.
    predicted
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
        "accuracy": weighted_accuracy(truth, predicted, weights),
        "roc_auc": ranking.roc_auc(),
        "pr_auc": ranking.pr_auc(),
        **weighted_decisions(real, p_real >= threshold, weights),
        "kappa": weighted_kappa(truth, predicted, probabilities.shape[1], weights),
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
    predicted: Array | None = None,
    threshold: float = HALF,
    seed: int = 0,
    draws: int = 1000,
) -> dict[str, tuple[float, float]]:
    """Return the 95 % interval of every metric, by bootstrap over objects (N,); (NaN, NaN) if undefined.

    Purity begins no higher than the number of bogus subjects supports (`surest_purity`): where no false positive was
    seen, no draw has one either. For the same reason no other metric's interval begins higher than that of a perfect
    model of the same objects (`exact_bounds`), and a ranking that is better pair by pair never has a lower beginning.
    What the model says is the likeliest class where `predicted` (N,) is None.
    """
    predicted = probabilities.argmax(1) if predicted is None else predicted
    drawn = bootstrap(
        lambda weights: class_draws(truth, probabilities, predicted, real, p_real, threshold, weights),
        groups,
        draws,
        seed,
    )
    spans = {name: interval(values) for name, values in drawn.items()}
    floors = surest_decisions(truth, real, p_real >= threshold, groups) | {"roc_auc": surest_auc(real, groups)}
    return spans | _no_higher(spans, floors) | _no_higher(spans, _supported_purity(rank(real, p_real)))


def _no_higher(spans: Mapping[str, tuple[float, float]], floors: Mapping[str, float]) -> dict[str, tuple[float, float]]:
    """Return the intervals of some metrics, none beginning higher than its floor; NaN is no floor."""
    return {name: (float(np.fmin(spans[name][0], floor)), spans[name][1]) for name, floor in floors.items()}


def _supported_purity(ranking: Ranking) -> dict[str, float]:
    return {_purity(ab, c): surest_purity(ranking, np.array([c]), ab)[0, 0] for ab in ABUNDANCES for c in PURE}


def _purity(abundance: float, completeness: float) -> str:
    return f"purity_{abundance:g}_at_{completeness:g}"
