"""How likely a subject is a yes, from its votes and the voters' skills."""

from collections.abc import Sequence
from functools import lru_cache

from ml.crowd.skill import Skill, skill_one_coin, skill_two_coin
from ml.crowd.swap import subject_posterior
from webapp.volunteers.models import Method, Workflow

PRIOR_VOTES = 2.0

Counts = tuple[int, ...]
"""Answers to subjects whose class is known, in the order of `webapp.consensus.skill.CELLS`."""


@lru_cache(maxsize=10_000)
def skill_of(method: str, counts: Counts) -> Skill:
    """Return P(answer | class) of a volunteer by the workflow's method; without any counts, a newcomer's."""
    yes_yes, yes_no, yes_unsure, no_yes, no_no, no_unsure = counts
    if method == Method.SWAP_TWO_COIN:
        return skill_two_coin([[no_no, no_yes, no_unsure], [yes_no, yes_yes, yes_unsure]])
    right = no_no + yes_yes
    return skill_one_coin(right, right + no_yes + yes_no, no_unsure + yes_unsure)


def posterior(workflow: Workflow, answers: Sequence[str], voters: Sequence[Counts]) -> float:
    """Return the probability of yes from the answers and, where the method weighs them, the voters' records.

    A majority's probability is its share of the votes that decided, with the workflow's prior as two votes more:
    the mean of a Beta distribution, so that one vote is no certainty.
    """
    if workflow.method != Method.MAJORITY:
        return subject_posterior(workflow.prior, answers, [skill_of(workflow.method, counts) for counts in voters])
    yes, no = answers.count("yes"), answers.count("no")
    return (yes + PRIOR_VOTES * workflow.prior) / (yes + no + PRIOR_VOTES)
