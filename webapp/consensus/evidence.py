"""Evidence of a vote as log odds by the voter's skill (SWAP), the posterior, and intervals of proportions.

Evidence is stored in integer millionths of a nat: integer sums do not depend on the order, so incremental and
recomputed sums agree exactly.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from scipy.special import betaincinv, expit

from ml.crowd.skill import Skill, skill_one_coin, skill_two_coin
from ml.crowd.swap import certain_enough, log_odds
from webapp.consensus.models import Consensus
from webapp.workflows.models import Method, Workflow

PRIOR_VOTES = 2.0
NAT = 1_000_000

CELLS = (
    "true_yes_said_yes",
    "true_yes_said_no",
    "true_yes_said_unsure",
    "true_no_said_yes",
    "true_no_said_no",
    "true_no_said_unsure",
)
"""Names of the counts of answers to gold subjects: true class, answer."""

Counts = tuple[int, ...]
"""Such counts, in the order of `CELLS`."""

NEWCOMER: Counts = (0,) * len(CELLS)


def cell_of(truth: str, answer: str) -> str:
    """Return the field name of the count of an answer to subjects of a true class."""
    return f"true_{truth}_said_{answer}"


@lru_cache(maxsize=10_000)
def skill_of(method: str, counts: Counts) -> Skill:
    """Return P(answer | class) of a volunteer by the workflow's method; a newcomer's without any counts."""
    yes_right, yes_wrong, yes_unsure, no_wrong, no_right, no_unsure = counts
    if method == Method.SWAP_TWO_COIN:
        return skill_two_coin([[no_right, no_wrong, no_unsure], [yes_wrong, yes_right, yes_unsure]])
    right = no_right + yes_right
    return skill_one_coin(right, right + no_wrong + yes_wrong, no_unsure + yes_unsure)


@lru_cache(maxsize=100_000)
def evidence_of(method: str, counts: Counts, answer: str) -> int:
    """Return the log likelihood ratio of the answer, yes over no, in millionths of a nat.

    `counts` is the volunteer's record before this answer. A majority uses no records: 0.
    """
    return 0 if method == Method.MAJORITY else round(NAT * skill_of(method, counts).evidence(answer))


def posterior_of(row: Consensus, workflow: Workflow) -> float:
    """Return the probability of yes, from the row's votes or evidence.

    A majority's probability is its fraction of yes and no votes, with the workflow's prior as two pseudo-votes: the
    mean of a Beta distribution, so that one vote is no certainty.
    """
    if workflow.method != Method.MAJORITY:
        return float(certain_enough(expit(log_odds(workflow.prior) + row.evidence / NAT)))
    decided = row.votes_yes + row.votes_no
    return (row.votes_yes + PRIOR_VOTES * workflow.prior) / (decided + PRIOR_VOTES)


def weigh_in_order(method: str, counts: Counts, given: Iterable[tuple[str, str]]) -> tuple[list[int], Counts]:
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
class Share:
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
def share_of(right: int, n: int) -> Share:
    """Return a fraction with its central interval.

    Parameters
    ----------
    right : int
        Successes, 0 to `n`.
    n : int
        Trials; with none, the interval is that of the prior.

    Notes
    -----
    Quantiles of Beta(right + 1/2, n - right + 1/2), the posterior under Jeffreys' prior; if none or all succeeded, the
    outer end is 0 or 1. Brown, Cai & DasGupta 2001, Statistical Science 16, 101.
    """
    tail = (1 - LEVEL) / 2
    low, high = betaincinv(right + 0.5, n - right + 0.5, [tail, 1 - tail])
    return Share(right, n, 0.0 if n and not right else float(low), 1.0 if n and right == n else float(high))
