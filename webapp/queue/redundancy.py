"""Redundancy: how many votes a subject still wants, and so how many slots are open."""

from webapp.workflows.models import Workflow


def wanted(workflow: Workflow, votes: int) -> int:
    """Return how many votes a subject with `votes` of them should come to before anybody looks again.

    At first the least that may settle it; after that one more at a time, since any vote may be the one that settles
    it. So no vote is asked for that turns out not to be needed, however many people work at once.
    """
    return max(_fewest(workflow), min(votes + 1, workflow.max_votes))


def _fewest(workflow: Workflow) -> int:
    """Return the fewest votes after which some rule may settle a subject."""
    rules = (
        (True, workflow.min_votes),
        (workflow.agreement is not None, workflow.agreement_votes),
        (workflow.nothing_after is not None, workflow.nothing_after or 0),
        (workflow.unsure_share is not None, workflow.unsure_votes),
        (workflow.flags is not None, workflow.flags or 0),
    )
    return min(max(least, 1) for is_on, least in rules if is_on)


def available(workflow: Workflow, votes: int, taken: int) -> int:
    """Return how many more people a subject may be handed to; negative where one was undone or came late.

    Taken are the slots of leases that are out, and of answers that do not count yet.
    """
    return wanted(workflow, votes) - votes - taken
