"""The threshold that keeps a fraction of the real tracklets, from few labels of which some are wrong."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, stdtrit

LOWEST = 1e-7  # of a probability, whose logit must be finite


def choose_threshold(p: NDArray[np.floating], real: NDArray[np.floating], completeness: float) -> float:
    """Return the highest threshold that is expected to keep this fraction of the real tracklets.

    Of n real tracklets none may be lost if 1 / n is more than may be lost: the lowest score of a few, or of one wrong
    label, would be the threshold. Then it comes from a Student t distribution of their logits instead, as the limit
    that the next real tracklet's logit exceeds with this probability.

    Parameters
    ----------
    p
        (N,) probability of being real, 0..1, out of sample.
    real
        (N,) probability of being real, 0..1, by the label and by p (`ml.training.calibration`): 0 or 1 if certain.
    completeness
        Fraction above 0 and up to 1; with 1 all of them are kept.

    Returns
    -------
    NaN where none is real.
    """
    n = float(real.sum())
    if n <= 0:
        return float("nan")
    if n * (1 - completeness) >= 1 or completeness >= 1 or n <= 2:
        return _observed(p, real, completeness)
    logits = logit(np.clip(p.astype(np.float64), LOWEST, 1 - LOWEST))
    mean = np.average(logits, weights=real)
    variance = np.average((logits - mean) ** 2, weights=real) * n / (n - 1)
    return float(expit(mean + stdtrit(n - 1, 1 - completeness) * np.sqrt(variance * (1 + 1 / n))))


def _observed(p: NDArray[np.floating], real: NDArray[np.floating], completeness: float) -> float:
    order = np.argsort(-p, kind="stable")
    kept = np.cumsum(real[order])
    return float(p[order][np.searchsorted(kept, completeness * kept[-1] * (1 - 1e-9))])
