"""The second look: from what was measured of a candidate to what it is, or that it is nothing."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ml.metrics.overlap import line_cover, line_distance
from ml.trails.candidate import Candidate
from ml.trails.thing import CLASSES, TRAIL, Thing

HIDDEN = 32
FOLDS = 5
STEPS = 300
FEWEST = 8  # trails among the candidates, below which there is no second look
STRAYS, COVERS = 5.0, 0.5  # pixels, and share of the length: when a candidate is a thing
Array = NDArray[Any]


class SecondLook(nn.Module):
    """Candidates' features (n, F) to class scores (n, K): the mean of a few perceptrons' log shares.

    Each was taught on four fifths of the images, so the fifth that it never saw tells how good they are.
    """

    def __init__(self, features: int, classes: int, folds: int = FOLDS) -> None:
        super().__init__()
        self.middle: Tensor
        self.scale: Tensor
        self.register_buffer("middle", torch.zeros(features))
        self.register_buffer("scale", torch.ones(features))
        self.members = nn.ModuleList(
            nn.Sequential(nn.Linear(features, HIDDEN), nn.Tanh(), nn.Linear(HIDDEN, classes)) for _ in range(folds)
        )

    def member(self, number: int, features: Tensor) -> Tensor:
        """Return log shares (n, K) by one of them."""
        x = (features - self.middle) / self.scale
        return self.members[number](x.clamp(-6, 6)).log_softmax(1)

    def forward(self, features: Tensor) -> Tensor:
        """Return shares (n, K) that sum to 1."""
        mean = torch.stack([self.member(k, features) for k in range(len(self.members))]).mean(0)
        return mean.softmax(1)


def answers(found: Sequence[Candidate], things: Sequence[Thing]) -> NDArray[np.intp]:
    """Return for each candidate of an image what it is: 0 for nothing, else 1 + the number in `CLASSES`.

    A candidate is the thing that it strays from by at most 5 pixels and covers half of. Of several candidates that
    are one trail only the one that covers most counts, so that the rest are learnt as nothing. Curved things are
    compared by their chords.
    """
    said = np.zeros(len(found), dtype=np.intp)
    if not found or not things:
        return said
    lines = np.stack([candidate.curve[[0, -1]].ravel() for candidate in found])
    true = np.stack([thing.line for thing in things])
    cover = np.where(line_distance(lines, true) <= STRAYS, line_cover(lines, true), 0.0)
    label = np.array([1 + CLASSES.index(thing.label) for thing in things])
    trail = label == 1 + CLASSES.index(TRAIL)
    best = cover.argmax(1)
    hit = cover.max(1) >= COVERS
    said[hit & ~trail[best]] = label[best[hit & ~trail[best]]]
    for number in np.flatnonzero(trail):
        winner = int(cover[:, number].argmax())
        if cover[winner, number] >= COVERS:
            said[winner] = label[number]
    return said


def teach(features: Array, label: Array, image: Array, seed: int) -> tuple[SecondLook | None, NDArray[np.float64]]:
    """Return a second look at candidates, and the score (n,) of each by the perceptron that never saw its image.

    Parameters
    ----------
    features
        (n, F) of the candidates.
    label
        (n,) from `answers`.
    image
        (n,) number of the image of each: an image stands on one side of each split.
    seed
        Of weights and splits.

    Returns
    -------
    None and NaN where fewer than 8 candidates are trails: so few teach nothing.
    """
    trails = int((label == 1 + CLASSES.index(TRAIL)).sum())
    if trails < FEWEST or trails == len(label):
        return None, np.full(len(label), np.nan)
    x, y = torch.from_numpy(np.asarray(features, dtype=np.float32)), torch.from_numpy(label.astype(np.int64))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        look = SecondLook(x.shape[1], 1 + len(CLASSES))
    look.middle.copy_(x.mean(0))
    look.scale.copy_(x.std(0).clamp(min=1e-3))
    images = np.unique(image)
    fold = np.random.default_rng(seed).permutation(len(images))[np.searchsorted(images, image)] % FOLDS
    score = np.empty(len(label))
    for k in range(FOLDS):
        seen, unseen = torch.from_numpy(fold != k), torch.from_numpy(fold == k)
        _fit(look, k, x[seen], y[seen])
        with torch.no_grad():
            score[unseen.numpy()] = look.member(k, x[unseen])[:, 1].exp().numpy()
    return look.eval(), score


def _fit(look: SecondLook, number: int, x: Tensor, y: Tensor) -> None:
    optimiser = torch.optim.AdamW(look.members[number].parameters(), lr=1e-2, weight_decay=0.1)
    rate = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, STEPS)
    for _ in range(STEPS):
        optimiser.zero_grad()
        functional.nll_loss(look.member(number, x), y).backward()
        optimiser.step()
        rate.step()
