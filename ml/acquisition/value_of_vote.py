"""The expected value of one more classification: what the next volunteer's answer would change."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr, expit, logit

Array = NDArray[Any]
SURE = 1e-6
"""Probabilities are kept this far from 0 and 1, from which no vote could recover."""


def belief(p_model: Array, p_votes: Array, prior: float = 0.5) -> NDArray[np.float64]:
    """Return P(real) by model and crowd together (N,): Bayes' rule with the model as prior and the votes as evidence.

    Parameters
    ----------
    p_model
        (N,) P(real) by a calibrated model; NaN (not scored) counts as the prior.
    p_votes
        (N,) P(real) by the votes alone, from even odds; NaN without votes.
    prior
        Stands in for the model where it is not known, 0..1.
    """
    votes = np.where(np.isfinite(p_votes), _log_odds(p_votes), 0.0)
    model = np.where(np.isfinite(p_model), _log_odds(p_model), _log_odds(prior))
    return np.asarray(expit(model + votes))


def information_of_vote(p: Array, skill: Array) -> NDArray[np.float64]:
    """Return the expected drop of the entropy of P(real) by one more vote (N,), in bits, 0..1.

    Parameters
    ----------
    p
        (N,) P(real) before the vote, 0..1.
    skill
        (2, A) the next volunteer's confusion matrix P(answer | class), bogus first.

    Notes
    -----
    The mutual information of class and answer: H(p) - sum_a P(a) H(p | a). Source: Marshall et al. 2016, MNRAS 455,
    1171, section 4.

    Examples
    --------
    >>> information_of_vote(np.array([0.5, 0.0]), np.array([[1.0, 0.0], [0.0, 1.0]])).round(3)
    array([1., 0.])
    """
    answers, after = _after(p, skill)
    drop = _binary_entropy(np.asarray(p, dtype=np.float64)) - (answers * _binary_entropy(after)).sum(1)
    return np.clip(drop, 0, 1)


def errors_saved_by_vote(p: Array, skill: Array) -> NDArray[np.float64]:
    """Return the expected drop of the error of the likelier class by one more vote (N,), 0..0.5.

    It is 0 where no single answer could change the decision. Parameters as in `information_of_vote`.

    Examples
    --------
    >>> errors_saved_by_vote(np.array([0.5, 0.99]), np.array([[0.8, 0.2], [0.2, 0.8]])).round(3)
    array([0.3, 0. ])
    """
    p = np.asarray(p, dtype=np.float64)
    answers, after = _after(p, skill)
    return np.maximum(np.minimum(p, 1 - p) - (answers * np.minimum(after, 1 - after)).sum(1), 0)


def _after(p: Array, skill: Array) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return P(answer) and P(real | answer), both (N, A)."""
    joint = np.stack([1 - np.asarray(p), np.asarray(p)], axis=1)[:, :, None] * np.asarray(skill)[None]
    answers = joint.sum(1)
    return answers, np.divide(joint[:, 1], answers, out=np.zeros_like(answers), where=answers > 0)


def _binary_entropy(p: Array) -> NDArray[np.float64]:
    return np.asarray((entr(p) + entr(1 - p)) / np.log(2))


def _log_odds(p: Any) -> NDArray[np.float64]:
    return np.asarray(logit(np.clip(p, SURE, 1 - SURE)))
