"""Calibration on held-out examples: temperature scaling, Platt's two numbers, and labels that may be wrong."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import expit, logit
from torch import Tensor
from torch.nn import functional

from ml.training.losses import partial_label_loss, weighted_mean

LOWEST, HIGHEST, TRIED = 0.05, 20.0, 120  # temperatures


def fit_temperature(logits: Tensor, targets: Tensor, weights: Tensor) -> float:
    """Return the temperature, 0.05..20, by which class scores are best divided.

    Guo et al. 2017, ICML, On Calibration of Modern Neural Networks. A grid is enough: the loss is smooth in it.

    Parameters
    ----------
    logits, targets
        (N, K) scores, and targets of `partial_label_loss`.
    weights
        (N,) sample weights.
    """
    grid = torch.logspace(math.log10(LOWEST), math.log10(HIGHEST), TRIED)
    losses = torch.stack([weighted_mean(partial_label_loss(logits / value, targets), weights) for value in grid])
    return float(grid[losses.argmin()])


def fit_platt(logits: Tensor, real: Tensor, weights: Tensor) -> tuple[float, float]:
    """Return scale and shift of logits, scale · logit + shift, of the greatest likelihood.

    Platt 1999, Probabilistic Outputs for Support Vector Machines. The order of the logits stays what it was.

    Parameters
    ----------
    logits
        (N,) of being real.
    real
        (N,) in 0..1, what is so.
    weights
        (N,) sample weights, or counts. As few as a handful do not make the result certain: ln scale and shift have
        Gaussian priors of mean 0 and variance 1/2.

    Returns
    -------
    1 and 0 where all is of one kind, or the higher logits are more often wrong: nothing can be learnt from that.
    """
    logits, real, weights = (values.double() for values in (logits, real, weights))
    sides = [side * weights for side in (real, 1 - real)]
    if not all(side.any() for side in sides) or weighted_mean(logits, sides[0]) <= weighted_mean(logits, sides[1]):
        return 1.0, 0.0
    log_scale, shift = (torch.zeros(1, dtype=torch.double, requires_grad=True) for _ in range(2))
    optimiser = torch.optim.LBFGS([log_scale, shift], max_iter=100, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimiser.zero_grad()
        scaled = logits * log_scale.exp() + shift
        loss = weighted_mean(functional.binary_cross_entropy_with_logits(scaled, real, reduction="none"), weights)
        loss = loss + (log_scale.square() + shift.square()).sum() / weights.sum()
        loss.backward()
        return loss

    optimiser.step(closure)
    return float(log_scale.detach().exp()), float(shift.detach())


ROUNDS = 50
TOLERANCE = 1e-4
FLIPPED, COUNTS = 0.03, 33.0  # prior of the fraction of wrong labels on each side, and the labels that it counts as
SUREST = 1e-6


@dataclass(frozen=True)
class NoisyCalibration:
    """Platt's scale and shift, and the probability of being real (N,) that label and score give together."""

    scale: float
    shift: float
    real: NDArray[np.float64]


def fit_noisy_platt(
    logits: NDArray[np.floating], kinds: NDArray[np.bool_], certainty: NDArray[np.floating]
) -> NoisyCalibration:
    """Fit Platt's calibration by expectation maximisation, where some labels may be wrong.

    Raykar et al. 2010, JMLR 11, Learning From Crowds, with the consensus as one annotator of unknown sensitivity and
    specificity. A wrong label that is taken at its word flattens the calibration, and pretends that real subjects get
    the lowest scores.

    Parameters
    ----------
    logits
        (N,) of being real, out of sample.
    kinds
        (N,), whether the label is real.
    certainty
        (N,) in 0..1, how far each label is trusted: its posterior. 1 is certain, and stays what it says; below 0.5 a
        label says nothing. Others are trusted as far as they say, but no further than labels of that side prove right.
    """
    certain = certainty >= 1
    own = np.where(kinds, 1, -1) * logit(np.clip(certainty, 0.5, 1 - SUREST))
    real, flipped = np.where(certain, kinds, expit(own)).astype(np.float64), np.full(2, FLIPPED)
    ones = torch.ones(len(kinds))
    for _ in range(ROUNDS):
        scale, shift = fit_platt(torch.as_tensor(logits), torch.as_tensor(real), ones)
        before, believed = real, _at_most(own, flipped)
        real = np.where(certain, kinds, expit(scale * np.asarray(logits, dtype=np.float64) + shift + believed))
        flipped = _flipped(real[~certain], kinds[~certain])
        if np.abs(real - before).max(initial=0) < TOLERANCE:
            break
    return NoisyCalibration(scale, shift, real)


def _at_most(own: NDArray[np.float64], flipped: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each label's log odds (N,), at most those that the fractions of wrong labels allow."""
    of_bogus, of_real = flipped
    return np.clip(own, np.log(of_real / (1 - of_bogus)), np.log((1 - of_real) / of_bogus))


def _flipped(real: NDArray[np.float64], kinds: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the fractions of bogus subjects labelled real, and of real ones labelled bogus."""
    wrong = np.array([(1 - real)[kinds].sum(), real[~kinds].sum()])
    return np.asarray((FLIPPED * COUNTS + wrong) / (COUNTS + np.array([(1 - real).sum(), real.sum()])))
