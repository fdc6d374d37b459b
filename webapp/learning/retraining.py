"""When a workflow has enough new labels for another training run."""

from webapp.learning.labels import labelled
from webapp.learning.start import OPEN
from webapp.volunteers.models import Workflow


def due() -> list[Workflow]:
    """Return the workflows that want a training run now."""
    learnt = Workflow.objects.filter(is_active=True, retrain_after__isnull=False)
    return [workflow for workflow in learnt.select_related("survey") if wants_retraining(workflow)]


def wants_retraining(workflow: Workflow) -> bool:
    """Return whether `retrain_after` labels have come in since the last run's, and no run is open."""
    if workflow.retrain_after is None or workflow.training_runs.filter(state__in=OPEN).exists():
        return False
    return labels_since(workflow) >= workflow.retrain_after


def labels_since(workflow: Workflow) -> int:
    """Return how many more labels there are than the last run of the workflow had; at least 0."""
    last = workflow.training_runs.exclude(training_set=None).select_related("training_set").order_by("-id").first()
    known = last.training_set.size if last and last.training_set else 0
    return max(0, labelled(workflow).count() - known)
