"""Counts for pages: queue sizes, a survey's figures, a volunteer's progress."""

from dataclasses import dataclass
from functools import partial

from django.db.models import Count, Q

from webapp.archive.models import Subject, Survey
from webapp.classifications.models import Classification
from webapp.core.cached_figures import cached_figure
from webapp.core.sql import fetch
from webapp.queue.models import QueueEntry
from webapp.volunteers.models import Volunteer
from webapp.workflows.models import Workflow


@dataclass(frozen=True)
class QueueCounts:
    """Entries of one queue: open ones, retired ones, and gold ones for training, including ruled ones."""

    open: int = 0
    retired: int = 0
    gold: int = 0
    total: int = 0


def queue_counts(survey: Survey) -> dict[int, QueueCounts]:
    """Return the queue counts of each workflow, by the workflow's key, without empty queues."""
    counted = (
        QueueEntry.objects.filter(workflow__survey=survey)
        .values("workflow")
        .order_by("workflow")
        .annotate(
            open=Count("pk", filter=Q(is_retired=False, is_gold=False)),
            retired=Count("pk", filter=Q(is_retired=True)),
            gold=Count("pk", filter=Q(is_gold=True)),
            total=Count("pk"),
        )
        .values_list("workflow", "open", "retired", "gold", "total")
    )
    return {workflow: QueueCounts(*numbers) for workflow, *numbers in counted}


def figures_of(survey: Survey) -> dict[str, int]:
    """Return counts of `subjects`, `answers`, `simulated` answers among them, `people`, `asked`, `settled` and `found`.

    Asked are the subjects that open workflows ask about, training ones left out, as on the classify page (closed
    workflows count once none is open); settled are the retired ones among them; found are movers confirmed by
    scientists. The counts are cached (`webapp.core.cached_figures`), since counting a large table is slow.
    """
    return cached_figure(f"figures-{survey.pk}", partial(_count, survey))


def _count(survey: Survey) -> dict[str, int]:
    answers = Classification.objects.filter(workflow__survey=survey, withdrawn_at=None)
    counted = answers.aggregate(
        answers=Count("pk"),
        simulated=Count("pk", filter=Q(volunteer__is_simulated=True)),
        people=Count("volunteer", distinct=True, filter=Q(volunteer__is_simulated=False)),
    )
    workflows = Workflow.objects.filter(survey=survey)
    counted_workflows = list(workflows.filter(is_active=True, is_training=False) or workflows)
    asked = QueueEntry.objects.filter(Q(is_gold=False) | Q(is_retired=True), workflow__in=counted_workflows)
    settled = asked.filter(is_retired=True).values("subject").distinct().count()
    ruled = Subject.objects.filter(survey=survey, gold_source="ruling")
    movers = ruled.filter(gold_label__in=["yes", *survey.positive]).count()
    return {
        "subjects": Subject.objects.observed().filter(survey=survey).count(),
        "asked": asked.values("subject").distinct().count(),
        "settled": settled,
        "found": movers,
        **counted,
    }


VOLUNTEERS_PATIENCE = 1000
"""As `webapp.core.cached_figures.PATIENCE`, for what is counted while a volunteer waits for the next subject."""

ANSWERED = """
    SELECT count(*) FROM classifications_classification
    WHERE volunteer_id = %(volunteer)s AND workflow_id = %(workflow)s AND withdrawn_at IS NULL
"""


def answered_by(volunteer: Volunteer, workflow: Workflow) -> int:
    """Return how many subjects of the workflow the volunteer has answered."""
    return int(fetch(ANSWERED, {"volunteer": volunteer.pk, "workflow": workflow.pk})[0][0])


def progress_of(workflow: Workflow, answered: int) -> dict[str, int]:
    """Return `answered`, a volunteer's number, with the `retired` and `total` subjects of the workflow.

    Without training-only subjects. The last two are cached (`webapp.core.cached_figures`): for ten seconds if they are
    counted in 10 ms, and for a minute or two in a queue of a million, where a volunteer would wait for the count.
    """
    of_queue = cached_figure(f"progress-{workflow.pk}", partial(_of_queue, workflow), patience=VOLUNTEERS_PATIENCE)
    return {"answered": answered, **of_queue}


def _of_queue(workflow: Workflow) -> dict[str, int]:
    entries = QueueEntry.objects.filter(Q(is_gold=False) | Q(is_retired=True), workflow=workflow)
    return entries.aggregate(retired=Count("pk", filter=Q(is_retired=True)), total=Count("pk"))
