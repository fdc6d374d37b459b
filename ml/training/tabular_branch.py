"""Fit the tabular branch: correct class scores by magnitude, S/N, rate or seeing."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ml.data.dataset import Examples, grouped_folds
from ml.models.tabular import MetadataNet
from ml.training.losses import partial_label_loss, weighted_mean
from ml.training.validation import Validator

STEPS, RATE, DECAY = 300, 0.01, 0.02
HIDDEN = 0.2  # fraction of known values dropped in each step, so that the net can handle missing ones


def learn_metadata(
    examples: Examples, scores: Tensor, rows: NDArray[np.intp], seed: int
) -> tuple[MetadataNet, dict[str, float]]:
    """Fit the branch on held-out subjects, and evaluate it on halves it was not fitted on.

    Scores on training stamps are overconfident; a branch fitted on them would rely on the pixels too much.

    Parameters
    ----------
    examples
        With `values` (N, M).
    scores
        (n, F, K) log class scores of `rows`.
    rows
        The validation rows.
    seed
        Seeds weights, halves and dropout.
    """
    held, log_scores = examples.take(rows), scores.exp().mean(1).clamp(min=1e-6).log()
    halves = grouped_folds(held.groups, held.kinds(), 2, seed)
    crossed = torch.empty_like(log_scores)
    for half in (0, 1):
        inside, outside = np.flatnonzero(halves != half), np.flatnonzero(halves == half)
        net = _fit(held.take(inside), log_scores[inside], seed)
        with torch.no_grad():
            crossed[outside] = net(log_scores[outside], _values(held)[outside])
    figures = Validator(examples, rows).stamp(crossed[:, None])[1]
    return _fit(held, log_scores, seed), figures


def _fit(examples: Examples, log_scores: Tensor, seed: int) -> MetadataNet:
    random = torch.Generator().manual_seed(seed)
    values = _values(examples)
    targets, weights = torch.from_numpy(examples.targets).float(), torch.from_numpy(examples.weights).float()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = MetadataNet(log_scores.shape[1], values.shape[1])
    net.standardise_like(values)
    optimiser = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=DECAY)
    for _ in range(STEPS):
        seen = torch.where(torch.rand(values.shape, generator=random) < HIDDEN, torch.nan, values)
        loss = weighted_mean(partial_label_loss(net(log_scores, seen), targets), weights)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return net.eval()


def _values(examples: Examples) -> Tensor:
    if examples.values is None:
        raise ValueError("The examples have no data besides their pixels.")
    return torch.from_numpy(np.asarray(examples.values, dtype=np.float32))


def target_leakage_notes(examples: Examples) -> list[str]:
    """Return a warning for each column whose missing values give the class away."""
    said, kinds = [], examples.targets.argmax(1)
    for name, known in zip(examples.columns, np.isfinite(_values(examples).numpy()).T, strict=True):
        shares = np.array([known[kinds == kind].mean() for kind in np.unique(kinds)])
        if shares.max() > 0.9 and shares.min() < 0.1:
            said.append(
                f"{name} is known for some classes only, so that its absence gives the class away. In a real night it"
                " will not: fill it in for all, or leave it out of --tabular-features."
            )
        elif not known.any():
            said.append(f"No subject has a value of {name}: the model cannot use it.")
    return said
