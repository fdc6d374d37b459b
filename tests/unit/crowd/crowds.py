"""Crowds of known skill, and all aggregation methods."""

import numpy as np

from ml.crowd.bwa import Bwa
from ml.crowd.dawid_skene import DawidSkene
from ml.crowd.ebcc import Ebcc
from ml.crowd.glad import Glad
from ml.crowd.ibcc import Ibcc
from ml.crowd.majority import Majority, WeightedMajority
from ml.crowd.model_selection import Auto
from ml.crowd.one_coin import OneCoin
from ml.crowd.swap import Swap
from ml.crowd.votes import Votes

METHODS = [
    Majority, WeightedMajority, DawidSkene, OneCoin, Glad, Swap, Auto,
    Bwa, Ibcc, Ebcc, lambda: DawidSkene(shrinkage=2), lambda: Swap(coins=1),
]  # fmt: skip


def crowd(skills, items=300, classes=2, per_item=None, seed=0, unsure=0.0):
    """Votes of workers who are right with probability `skills` unless unsure, and the truth (n_items,)."""
    rng = np.random.default_rng(seed)
    workers = len(skills)
    truth = rng.integers(0, classes, items)
    chosen = np.argsort(rng.random((items, workers)), axis=1)[:, : per_item or workers]
    item, worker = np.repeat(np.arange(items), chosen.shape[1]), chosen.ravel()
    other = (truth[item] + rng.integers(1, max(classes, 2), len(item))) % classes
    answer = np.where(rng.random(len(item)) < np.asarray(skills)[worker], truth[item], other)
    answer[rng.random(len(item)) < unsure] = classes
    return Votes(item, worker, answer, *(names(n) for n in (items, workers, classes))), truth


def names(n):
    return tuple(f"{code:0{len(str(n))}d}" for code in range(n))


def accuracy(posteriors, truth):
    return (posteriors.argmax(axis=1) == truth).mean()
