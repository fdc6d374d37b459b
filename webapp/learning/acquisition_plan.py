"""How a workflow's settings become a plan of acquisition, and its rules the reasons that volunteers read."""

from ml.acquisition.rules import Plan, Rule
from webapp.classifications.models import Reason
from webapp.workflows.models import Acquisition, Workflow

_MAIN = {
    Acquisition.DIVERSE: (Rule.ENTROPY, True),
    Acquisition.UNCERTAIN: (Rule.ENTROPY, False),
    Acquisition.VOTE: (Rule.INFORMATION, True),
}
_REASONS = {Rule.ENTROPY: Reason.UNCERTAIN, Rule.INFORMATION: Reason.VOTE, Rule.POSITIVE: Reason.POSITIVE}


def plan_of(workflow: Workflow) -> Plan:
    """Return the plan that orders a workflow's queue, without its random share, which the queue draws itself."""
    rule, diverse = _MAIN[Acquisition(workflow.acquisition)]
    return Plan({rule: 1.0}, diverse).mixed_with(Rule.POSITIVE, workflow.positive_fraction)


def reason_of(rule: Rule, *, is_spread: bool) -> Reason:
    """Return why a volunteer gets a scored subject: by which rule, and whether to be unlike the others."""
    reason = _REASONS[rule]
    return Reason.DIVERSE if is_spread and reason == Reason.UNCERTAIN else reason
