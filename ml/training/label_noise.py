"""Calibration on labels of which some are wrong: whose label, and how often, is found together with the calibration."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import expit, logit

from ml.training.calibration import fit_platt

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
