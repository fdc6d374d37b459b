"""The loop of the benchmark: choose, vote, retrain a head on frozen features, measure; again until enough is known."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch

from ml.acquisition.choose import choose
from ml.acquisition.ensemble import bootstrap_members
from ml.acquisition.pool import Array, Pool
from ml.acquisition.rules import Plan, Rule
from ml.cli.active.skies import Sky, Subjects
from ml.cli.active.voting import Crowd
from ml.training.linear_probe import LinearHead, Regression

FIRST = 10
GROWTH = 8
"""A round asks about a `GROWTH`-th of what is labelled, and at least `FIRST` subjects."""
RIDGE = 100.0
AT_RANDOM = 0.2
TYPICAL = Plan({Rule.TYPICAL: 1.0})
CHANCE = Plan({Rule.RANDOM: 1.0}, diverse=False)


@dataclass(frozen=True)
class Contender:
    """A rule of the benchmark: how the first batch is chosen, and the others."""

    plan: Plan
    first: Plan = TYPICAL


def _rule(weights: Mapping[Rule, float], *, diverse: bool = False, first: Plan = TYPICAL) -> Contender:
    return Contender(Plan(weights, diverse).mixed_with(Rule.RANDOM, AT_RANDOM), first)


# With two classes and equal votes, the margin ranks as the entropy does, and rare classes as confident positives.
CONTENDERS = {
    "random": Contender(CHANCE, CHANCE),
    "entropy, first batch at random": _rule({Rule.ENTROPY: 1}, first=CHANCE),
    "entropy": _rule({Rule.ENTROPY: 1}),
    "margin": _rule({Rule.MARGIN: 1}),
    "BALD": _rule({Rule.BALD: 1}),
    "information of a vote": _rule({Rule.INFORMATION: 1}),
    "errors saved by a vote": _rule({Rule.ERRORS: 1}),
    "confident positives": _rule({Rule.POSITIVE: 1}),
    "entropy, diverse": _rule({Rule.ENTROPY: 1}, diverse=True),
    "BALD, diverse": _rule({Rule.BALD: 1}, diverse=True),
    "entropy, diverse, 1/10 positives": _rule({Rule.ENTROPY: 0.9, Rule.POSITIVE: 0.1}, diverse=True),
}


@dataclass
class Curve:
    """After each round: votes given, subjects labelled, movers among them, and the metrics on the test set."""

    votes: list[int] = field(default_factory=list)
    labelled: list[int] = field(default_factory=list)
    movers: list[int] = field(default_factory=list)
    precision: list[float] = field(default_factory=list)
    auc: list[float] = field(default_factory=list)

    def add(self, votes: int, labelled: int, movers: int, metrics: tuple[float, float]) -> None:
        self.votes.append(votes)
        self.labelled.append(labelled)
        self.movers.append(movers)
        self.precision.append(metrics[0])
        self.auc.append(metrics[1])

    def reached(self, levels: tuple[float, float]) -> bool:
        """Return whether average precision and AUC have reached their levels, each at some time."""
        return bool(self.votes) and max(self.precision) >= levels[0] and max(self.auc) >= levels[1]


def fitted(features: Array, posterior: Array) -> LinearHead:
    """Return a head on features (n, D) with soft labels P(real) (n,)."""
    targets = np.stack([1 - posterior, posterior], axis=1)
    return Regression(features, targets, np.ones(len(targets))).fit(RIDGE)


def probability(head: LinearHead, features: Array) -> Array:
    """Return P(real) (n,) of features (n, D)."""
    return torch.softmax(head.logits(features).double(), dim=1)[:, 1].numpy()


def measured(sky: Sky, head: LinearHead) -> tuple[float, float]:
    """Return average precision, at the pool's share of movers, and ROC AUC on the test set."""
    from sklearn.metrics import average_precision_score, roc_auc_score

    logits = head.logits(sky.test.features)
    score = (logits[:, 1] - logits[:, 0]).numpy()
    precision = average_precision_score(sky.test.real, score, sample_weight=sky.weights)
    return float(precision), float(roc_auc_score(sky.test.real, score))


def learning_curve(sky: Sky, contender: Contender, seed: int, levels: tuple[float, float], votes: int) -> Curve:
    """Label the pool by a rule until average precision and AUC reach their levels, and at least these many votes."""
    rng, crowd, pool = np.random.default_rng([seed, 3]), Crowd(sky, seed), sky.pool
    posterior, head, curve = np.full(len(pool), np.nan), None, Curve()
    while crowd.given < votes or not curve.reached(levels):
        open_rows = np.flatnonzero(np.isnan(posterior))
        n = max(FIRST, (len(pool) - len(open_rows)) // GROWTH)
        plan = contender.first if head is None else contender.plan
        batch = choose(_known(pool, open_rows, posterior, head, crowd, plan, rng), plan, n, rng)
        if not len(batch.rows):
            break
        for row in open_rows[batch.rows]:
            posterior[row] = crowd.posterior(row)
        done = np.isfinite(posterior)
        head = fitted(pool.features[done], posterior[done])
        curve.add(crowd.given, int(done.sum()), int((done & pool.real).sum()), measured(sky, head))
    return curve


def _known(
    pool: Subjects,
    rows: Array,
    posterior: Array,
    head: LinearHead | None,
    crowd: Crowd,
    plan: Plan,
    rng: np.random.Generator,
) -> Pool:
    """Return what is known about the open subjects, which have no votes yet."""
    features, labels = pool.features[rows], posterior[np.isfinite(posterior)]
    p = np.full(len(rows), np.nan) if head is None else probability(head, features)
    return Pool(
        p_real=p,
        p_votes=np.full(len(rows), np.nan),
        prior=crowd.sky.share,
        skill=crowd.skill,
        probabilities=np.stack([1 - p, p], axis=1),
        labelled=np.array([(1 - labels).sum(), labels.sum()]),
        members=_ensemble(pool, features, posterior, rng) if Rule.BALD in plan.weights else None,
        features=lambda some: features[some],
        groups=lambda some: pool.group[rows[some]],
    )


def _ensemble(pool: Subjects, asked: Array, posterior: Array, rng: np.random.Generator) -> Array:
    """Return the probabilities (M, n, 2) of heads on bootstrap samples of the labels."""
    labelled = np.isfinite(posterior)
    return bootstrap_members(pool.features[labelled], posterior[labelled], asked, rng)
