"""How likely a subject is a yes, from its votes and the voters' skills."""

from collections.abc import Sequence

from ml.crowd.skill import Skill as Matrix
from ml.crowd.skill import skill_one_coin, skill_two_coin
from ml.crowd.swap import subject_posterior
from webapp.consensus.models import Skill
from webapp.volunteers.models import Method, Workflow

NEWCOMER = Skill()
PRIOR_VOTES = 2.0


def skill_matrix(method: str, skill: Skill) -> Matrix:
    """Return P(answer | class) of a volunteer by the workflow's method."""
    if method == Method.SWAP_TWO_COIN:
        return skill_two_coin(skill.counts())
    correct = skill.no_no + skill.yes_yes
    total = correct + skill.no_yes + skill.yes_no
    return skill_one_coin(correct, total, skill.no_unsure + skill.yes_unsure)


def posterior(workflow: Workflow, answers: Sequence[str], skills: Sequence[Matrix]) -> float:
    """Return the probability of yes; `skills` are unused by the majority method.

    A majority's probability is its share of the votes that decided, with the workflow's prior as two votes more:
    the mean of a Beta distribution, so that one vote is no certainty.
    """
    if workflow.method != Method.MAJORITY:
        return subject_posterior(workflow.prior, answers, skills)
    yes, no = answers.count("yes"), answers.count("no")
    return (yes + PRIOR_VOTES * workflow.prior) / (yes + no + PRIOR_VOTES)
