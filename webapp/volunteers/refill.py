"""New subjects of a set join the queues that draw from it."""

from webapp.archive.models import IngestRun
from webapp.volunteers.enqueue import enqueue_subjects
from webapp.volunteers.models import Workflow


def refill(run: IngestRun) -> int:
    """Add what an ingest brought to the queue of every workflow that draws from its set; return how many entries."""
    drawing = Workflow.objects.filter(subject_sets__survey=run.survey_id, subject_sets__name=run.subject_set)
    return sum(enqueue_subjects(workflow) for workflow in drawing)
