"""Expected information of a worker's next vote, in bits (Marshall et al. 2016)."""

import numpy as np
from scipy.special import xlogy


def expected_information(confusion: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """Return the expected information gain of one answer about an item's class.

    Equation: ``sum_k p_k sum_a P(a|k) log2(P(a|k) / P(a))`` with ``P(a) = sum_k p_k P(a|k)``, the mutual information of
    class and answer. At equal priors of two classes it is the skill of an agent: 0 if answers do not depend on the
    class, 1 if they are always right, or always wrong.

    Source: Marshall et al. 2016, MNRAS 455, 1171, section 4; here with abstentions as one more answer.

    Parameters
    ----------
    confusion : (n_workers, K, A) float array
        P(answer | class); rows sum to 1.
    prior : (K,) float array

    Returns
    -------
    (n_workers,) float array
        0 to log2 K.

    Examples
    --------
    >>> half = np.array([0.5, 0.5])
    >>> expected_information(np.array([[[1, 0, 0], [0, 1, 0.0]], [[0.3, 0.6, 0.1], [0.3, 0.6, 0.1]]]), half).round(6)
    array([1., 0.])
    """
    answers = np.einsum("k,nka->na", prior, confusion)
    known = xlogy(confusion, confusion).sum(axis=2) @ prior
    return np.asarray(np.maximum(known - xlogy(answers, answers).sum(axis=1), 0) / np.log(2))


def information_sd(alpha: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """Return the standard deviation of `expected_information` to first order (n_workers,).

    `alpha` (n_workers, K, A) holds the positive Dirichlet parameters of each row.
    """
    total = alpha.sum(axis=2)
    mean = alpha / total[:, :, None]
    slope = np.log2(mean / np.einsum("k,nka->na", prior, mean)[:, None, :])
    spread = (mean * slope**2).sum(axis=2) - (mean * slope).sum(axis=2) ** 2
    return np.asarray(np.sqrt((np.maximum(spread, 0) * prior**2 / (total + 1)).sum(axis=1)))
