"""Vetting: classify candidates by their measured features with a random forest."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ml.evaluation.metrics.overlap import curve_cover, curve_distance
from ml.imaging.polyline import POINTS, even
from ml.trails.annotation import CLASSES, TRAIL, Annotation
from ml.trails.candidate import Candidate

FOLDS = 5
TREES = 60  # of each fold
FEWEST = 8  # minimum number of trails among the candidates to train on
STRAYS, COVERS = 5.0, 0.5  # maximum distance in pixels, and minimum fraction of the length, for a match
DEEPEST = 1000  # levels of a tree
PARTS = ("feature", "threshold", "left", "right", "shares")
Array = NDArray[Any]


class CandidateClassifier:
    """A random forest (Breiman 2001) as plain arrays, so that a checkpoint needs no pickle.

    Each fifth of the trees is trained on four fifths of the images, so that the rest gives out-of-fold scores. With few
    trails it does better than a perceptron.

    Parameters
    ----------
    arrays
        "feature", "left", "right" (T, N) int and "threshold" (T, N) float of T trees with at most N nodes, a leaf's
        left being itself; "shares" (T, N, K): class probabilities in each node.

    Raises ValueError if they are no such trees.
    """

    def __init__(self, arrays: Mapping[str, Array]) -> None:
        self.feature, self.threshold, self.left, self.right, self.shares = (np.asarray(arrays[name]) for name in PARTS)
        shape = self.left.shape
        shapes = [part.shape for part in (self.feature, self.threshold, self.right, self.shares[..., 0])]
        if len(shape) != 2 or not 0 < shape[0] <= FOLDS * TREES or shapes != [shape] * len(shapes):
            raise ValueError(f"The forest of the candidate classifier is not 1 to {FOLDS * TREES} trees.")
        if not all(((nodes >= 0) & (nodes < shape[1])).all() for nodes in (self.left, self.right)):
            raise ValueError("A tree of the candidate classifier leads to nodes that it lacks.")

    def __call__(self, features: Array) -> NDArray[np.float64]:
        """Return class probabilities (n, K) of candidates' features (n, F).

        Raises ValueError if a tree leads round in a circle.
        """
        trees = np.arange(len(self.left))[:, None]
        node = np.zeros((len(self.left), len(features)), dtype=np.intp)
        values = np.asarray(features, dtype=np.float32).T
        candidate = np.arange(len(features))[None]
        for _ in range(DEEPEST):
            below = values[self.feature[trees, node], candidate] <= self.threshold[trees, node]
            after = np.where(below, self.left[trees, node], self.right[trees, node])
            if (after == node).all():
                return self.shares[trees, node].mean(0, dtype=np.float64)
            node = after
        raise ValueError("A tree of the candidate classifier has no end.")

    def tensors(self) -> dict[str, Tensor]:
        """Return the tensors for a checkpoint."""
        return {name: torch.from_numpy(np.ascontiguousarray(getattr(self, name))) for name in PARTS}


def answers(found: Sequence[Candidate], annotations: Sequence[Annotation]) -> NDArray[np.intp]:
    """Return the class (C,) of each candidate of an image: 0 for nothing, else 1 + the number in `CLASSES`.

    A candidate matches an object if it stays within 5 pixels of it and covers half of it. Of several candidates for one
    trail only the one that covers most counts; the others are labelled as nothing.
    """
    classes = np.zeros(len(found), dtype=np.intp)
    if not found or not annotations:
        return classes
    curves = np.stack([candidate.curve.ravel() for candidate in found])
    true = np.stack([even(annotation.curve, POINTS).ravel() for annotation in annotations])
    cover = np.where(curve_distance(curves, true) <= STRAYS, curve_cover(curves, true, STRAYS), 0.0)
    label = np.array([1 + CLASSES.index(annotation.label) for annotation in annotations])
    trail = label == 1 + CLASSES.index(TRAIL)
    best = cover.argmax(1)
    hit = cover.max(1) >= COVERS
    classes[hit & ~trail[best]] = label[best[hit & ~trail[best]]]
    for number in np.flatnonzero(trail):
        winner = int(cover[:, number].argmax())
        if cover[winner, number] >= COVERS:
            classes[winner] = label[number]
    return classes


def fit_classifier(
    features: Array, label: Array, image: Array, seed: int
) -> tuple[CandidateClassifier | None, NDArray[np.float64]]:
    """Return a fitted classifier, and out-of-fold scores (n,) of the candidates.

    Parameters
    ----------
    features
        (n, F) of the candidates.
    label
        (n,) from `answers`.
    image
        (n,) image number of each: an image stays on one side of each split.
    seed
        Of trees and splits.

    Returns
    -------
    None and NaN if fewer than 8 candidates are trails, or all are, or if all are from one image, so that none is left
    for validation.
    """
    trails = int((label == 1 + CLASSES.index(TRAIL)).sum())
    images = np.unique(image)
    if trails < FEWEST or trails == len(label) or len(images) < 2:
        return None, np.full(len(label), np.nan)
    fold = np.random.default_rng(seed).permutation(len(images))[np.searchsorted(images, image)] % FOLDS
    values = np.asarray(features, dtype=np.float32)
    grown = [_grown(values[fold != k], label[fold != k], seed + k) for k in range(FOLDS)]
    score = np.empty(len(label))
    for k, trees in enumerate(grown):
        if (fold == k).any():
            score[fold == k] = CandidateClassifier(_together(trees))(values[fold == k])[:, 1]
    return CandidateClassifier(_together([tree for trees in grown for tree in trees])), score


def _grown(features: Array, label: Array, seed: int) -> list[dict[str, Array]]:
    """Return the trees of a forest as arrays."""
    from sklearn.ensemble import RandomForestClassifier  # imports take a second, and detection does not need them

    forest = RandomForestClassifier(
        TREES, min_samples_leaf=2, max_features=min(10, features.shape[1]), random_state=seed
    )
    forest.fit(features, label)
    return [_arrays(each.tree_, forest.classes_.astype(np.intp)) for each in forest.estimators_]


def _arrays(tree: Any, classes: NDArray[np.intp]) -> dict[str, Array]:
    leaf, itself = tree.children_left < 0, np.arange(tree.node_count)
    counts = tree.value[:, 0, :]
    shares = np.zeros((tree.node_count, 1 + len(CLASSES)), dtype=np.float32)
    shares[:, classes] = counts / counts.sum(1, keepdims=True)
    return {
        "feature": np.where(leaf, 0, tree.feature).astype(np.int32),
        "threshold": tree.threshold.astype(np.float32),
        "left": np.where(leaf, itself, tree.children_left).astype(np.int32),
        "right": np.where(leaf, itself, tree.children_right).astype(np.int32),
        "shares": shares,
    }


def _together(trees: Sequence[Mapping[str, Array]]) -> dict[str, Array]:
    """Return trees of different sizes as one array each, padded with 0."""
    most = max(len(tree["left"]) for tree in trees)
    return {
        name: np.stack(
            [np.pad(tree[name], [(0, most - len(tree[name])), *[(0, 0)] * (tree[name].ndim - 1)]) for tree in trees]
        )
        for name in PARTS
    }
