"""Evidence of a vote as log odds by the voter's skill (SWAP), the posterior, and intervals of proportions.

Evidence is stored in integer millionths of a nat: integer sums do not depend on the order, so incremental and
recomputed sums agree exactly.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import betaincinv, expit

from ml.crowd.answer import ABSTENTIONS, ANSWERS, CLASSES
from ml.crowd.skill import Skill, skill_one_coin, skill_two_coin
from ml.crowd.swap import CERTAINTY, certain_enough, log_odds
from ml.evaluation.metrics.binomial import jeffreys
from webapp.consensus.models import CELLS, NAT, PRIOR_VOTES, VOTE_COLUMNS, Consensus, cell_of
from webapp.workflows.models import Method, Workflow

Counts = tuple[int, ...]
"""Such counts, in the order of `CELLS`."""

NEWCOMER: Counts = (0,) * len(CELLS)


@lru_cache(maxsize=10_000)
def skill_of(method: str, counts: Counts) -> Skill:
    """Return P(answer | class) of a volunteer by the workflow's method; a newcomer's without any counts."""
    count = dict(zip(CELLS, counts, strict=True))
    rows = [[count[cell_of(truth, answer)] for answer in ANSWERS] for truth in CLASSES]
    if method == Method.SWAP_TWO_COIN:
        return skill_two_coin(rows)
    right = sum(count[cell_of(truth, truth)] for truth in CLASSES)
    total = sum(count[cell_of(truth, answer)] for truth in CLASSES for answer in CLASSES)
    abstained = [sum(count[cell_of(truth, answer)] for truth in CLASSES) for answer in ABSTENTIONS]
    return skill_one_coin(right, total, abstained)


@lru_cache(maxsize=100_000)
def evidence_of(method: str, counts: Counts, answer: str) -> int:
    """Return the log likelihood ratio of the answer, yes over no, in millionths of a nat.

    `counts` is the volunteer's record before this answer. A majority uses no records: 0.
    """
    return 0 if method == Method.MAJORITY else round(NAT * skill_of(method, counts).evidence(answer))


def rates_of(method: str, counts: Counts, answer: str) -> tuple[float, float]:
    """Return P(answer | no) and P(answer | yes) of a volunteer; their ratio is the answer's evidence."""
    column = ANSWERS.index(answer)
    no, yes = skill_of(method, counts).matrix
    return no[column], yes[column]


def posterior_of(row: Consensus, workflow: Workflow) -> float:
    """Return the probability of yes, from the row's votes or evidence and the workflow's prior."""
    return probability(workflow.method, row.votes_yes, row.votes_no, row.log_odds_micronats, workflow.prior)


NO_PRIOR = 0.5
"""The prior that leaves the votes to speak for themselves."""


def probability(method: str, yes: int, no: int, log_odds_micronats: int, prior: float = NO_PRIOR) -> float:
    """Return the probability of yes, in (0, 1), that votes and a prior come to.

    A majority's probability is its fraction of the votes that decided, with the prior as two votes more: the mean of a
    Beta distribution, so that one vote is no certainty. Any other method adds the evidence to the prior's log odds.
    """
    if method == Method.MAJORITY:
        return (yes + PRIOR_VOTES * prior) / (yes + no + PRIOR_VOTES)
    return float(certain_enough(expit(log_odds(prior) + log_odds_micronats / NAT)))


SUREST = float(log_odds(1 - CERTAINTY))

_VOTES = " + ".join(f"crowd.{column}" for column in VOTE_COLUMNS.values())

BY_VOTES_ALONE = f"""
    CASE WHEN {_VOTES} > 0 AND crowd.method = '{Method.MAJORITY}'
        THEN (crowd.votes_yes + {PRIOR_VOTES * NO_PRIOR}) / (crowd.votes_yes + crowd.votes_no + {PRIOR_VOTES})
        WHEN {_VOTES} > 0
        THEN 1 / (1 + exp(greatest({-SUREST}, least({SUREST}, -crowd.log_odds_micronats / {NAT}::float8)))) END
"""
"""SQL of `probability` without the workflow's prior, of a row `crowd` of consensus; null without votes."""


def evidence_in_order(method: str, counts: Counts, given: Iterable[tuple[str, str]]) -> tuple[list[int], Counts]:
    """Compute the evidence of one volunteer's answers in order, each by the record of those before it.

    Parameters
    ----------
    counts
        The record before the first answer.
    given
        Answers, each with its subject's true class; empty if unknown, or if the volunteer knew it.

    Returns
    -------
    list of int, Counts
        The evidence of each answer, and the record after the last.
    """
    evidence = []
    for answer, truth in given:
        evidence.append(evidence_of(method, counts, answer))
        if truth:
            cell = CELLS.index(cell_of(truth, answer))
            counts = (*counts[:cell], counts[cell] + 1, *counts[cell + 1 :])
    return evidence, counts


LEVEL = 0.9


@dataclass(frozen=True, slots=True)
class Proportion:
    """`right` of `n`, with the interval from `low` to `high` at level `LEVEL`."""

    right: int
    n: int
    low: float
    high: float

    @property
    def value(self) -> float | None:
        """The fraction; None before the first answer."""
        return self.right / self.n if self.n else None


@lru_cache(maxsize=20_000)
def proportion_of(right: int, n: int) -> Proportion:
    """Return a fraction with its Jeffreys interval.

    Parameters
    ----------
    right : int
        Successes, 0 to `n`.
    n : int
        Trials; with none, the interval is that of Jeffreys' prior.
    """
    tail = (1 - LEVEL) / 2
    low, high = jeffreys(np.array(right), np.array(n), LEVEL) if n else betaincinv(0.5, 0.5, [tail, 1 - tail])
    return Proportion(right, n, float(low), float(high))
