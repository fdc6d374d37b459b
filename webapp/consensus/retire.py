"""When a subject needs no more votes. The rules of each method, from the row alone."""

from webapp.consensus.models import Consensus, RetiredReason
from webapp.volunteers.models import Method

BY_VOTES = (RetiredReason.CONSENSUS, RetiredReason.CLASSIFICATION_COUNT)


def reason_to_retire(row: Consensus) -> str:
    """Return why the votes retire a subject, or an empty string.

    Unsure votes count towards the largest number of votes and towards no answer: a majority needs
    `workflow.min_votes` votes that decided.
    """
    if _is_settled(row):
        return RetiredReason.CONSENSUS
    return RetiredReason.CLASSIFICATION_COUNT if row.votes >= row.workflow.max_votes else ""


def _is_settled(row: Consensus) -> bool:
    workflow = row.workflow
    least = max(workflow.min_votes, 1)
    if workflow.method == Method.MAJORITY:
        decided, best = row.votes_yes + row.votes_no, max(row.votes_yes, row.votes_no)
        return decided >= least and row.votes_yes != row.votes_no and best >= workflow.majority * decided
    return row.votes >= least and (row.posterior >= workflow.yes_above or row.posterior <= workflow.no_below)
