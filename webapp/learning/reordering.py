"""Order queues anew after votes, by the scores that the champion has given already."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from webapp.classifications.models import Classification, Reason
from webapp.consensus.models import Consensus
from webapp.learning.acquisition import workflows_guided_by
from webapp.learning.models import Checkpoint, ScoringRun
from webapp.learning.promotion import lock_champion
from webapp.workflows.models import Workflow

VOTES = 500
"""Votes of a workflow since the last ordering that start another at once."""

LONGEST_COUNT = timedelta(minutes=1)
"""How much later than it is dated a counted vote may be seen: an import counts many at once."""

PAUSE = timedelta(minutes=10)
"""Time since the last ordering after which a single vote starts another, so that small surveys follow theirs too."""


def order_after_votes() -> list[ScoringRun]:
    """Start ordering wherever there are enough votes since the last time."""
    champions = Checkpoint.objects.filter(is_champion=True).select_related("survey")
    return [run for champion in champions if (run := order_anew(champion))]


@transaction.atomic
def order_anew(champion: Checkpoint) -> ScoringRun | None:
    """Start ordering the champion's queues if one of them has enough votes since its last job; return the job.

    Enough are `VOTES`, or one vote after `PAUSE`.

    The job is a scoring run without shards, and never one of two: an open run orders the queues in any case. The votes
    of an experiment start none, since its rounds differ by their models alone.
    """
    if lock_champion(champion.survey_id, champion.role) != champion or champion.scoring_runs.open().exists():
        return None
    over = champion.scoring_runs.exclude(finished_at=None)
    last = over.aggregate(began=Max("started_at"), ended=Max("finished_at"))
    guided = [workflow for workflow in workflows_guided_by(champion) if not workflow.is_experiment]
    if last["began"] is None:
        return None
    enough = 1 if timezone.now() - last["ended"] >= PAUSE else VOTES
    if not any(_has_votes(workflow, last["began"], enough) for workflow in guided):
        return None
    run = ScoringRun.objects.create(survey=champion.survey, checkpoint=champion)
    run.enqueue()
    return run


def _has_votes(workflow: Workflow, since: datetime, enough: int) -> bool:
    """Return whether so many votes were given since; answers to training subjects move nothing."""
    votes = Classification.objects.counted().filter(workflow=workflow, created_at__gt=since)
    return votes.exclude(reason=Reason.TRAINING)[:enough].count() == enough or _has_late_votes(workflow, since, enough)


def _has_late_votes(workflow: Workflow, since: datetime, enough: int) -> bool:
    """Return whether votes that count since, though given earlier, have moved so many open subjects.

    Imported votes are dated when they were given, and others count only when they can't be undone any more.
    """
    moved = Consensus.objects.filter(workflow=workflow, is_retired=False, subject__gold_label="")
    return moved.filter(updated_at__gt=since - LONGEST_COUNT)[:enough].count() == enough
