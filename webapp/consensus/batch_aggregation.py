"""Batch aggregation of all votes by Dawid–Skene, nightly, with its disagreements with the live consensus."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import F, Max, Q, QuerySet
from django.db.models.functions import Abs
from django.utils import timezone

from ml.crowd.answer import CLASSES
from ml.crowd.model_selection import Auto
from ml.crowd.votes import Votes
from webapp.classifications.models import Classification
from webapp.consensus.consensus_rows import refresh_models
from webapp.consensus.models import AggregatedPosterior, Aggregation, Consensus
from webapp.core.jobs import DAILY, JobState
from webapp.core.sql import copy_out
from webapp.core.stored_messages import Sentence
from webapp.workflows.models import Workflow

READING_VOTES = Sentence("Reading the votes.")
NO_ANSWERS = Sentence("No classifications yet.")
DAWID_SKENE = Sentence("Dawid–Skene over %(count)s votes.")
TURNED = Sentence("Disagrees on %(count)s of %(all)s subjects.")

# Votes with weight: counted, standing, and by trusted volunteers.
QUERY = """
    SELECT subject_id::bigint, volunteer_id::bigint,
        coalesce(array_position(%(classes)s::text[], answer::text) - 1, cardinality(%(classes)s::text[]))::smallint
    FROM classifications_classification
    WHERE workflow_id = %(workflow)s AND withdrawn_at IS NULL AND is_counted AND log_odds_micronats IS NOT NULL
"""
FIELDS = {"subject": "int8", "voter": "int8", "answer": "int2"}


def all_votes(workflow: Workflow) -> Votes:
    """Return the votes with weight; items and workers are primary keys, classes are no and yes."""
    rows = copy_out(QUERY, FIELDS, {"workflow": workflow.pk, "classes": list(CLASSES)})
    subjects, item = np.unique(rows["subject"], return_inverse=True)
    voters, worker = np.unique(rows["voter"], return_inverse=True)
    names = tuple(map(str, subjects.tolist())), tuple(map(str, voters.tolist()))
    return Votes(item, worker, rows["answer"].astype(np.int64), *names, CLASSES)


BATCH = 10_000
VERSIONS = 2
"""Number of versions whose posteriors are kept."""

COPY = "COPY consensus_aggregatedposterior (aggregation_id, subject_id, posterior, live) FROM STDIN"


def start_aggregation(workflow: Workflow, by: User | None) -> Aggregation:
    """Start a reanalysis of all votes; return the job, or the waiting one if any."""
    job, _ = Aggregation.objects.get_or_create(workflow=workflow, state=JobState.QUEUED, defaults={"requested_by": by})
    job.enqueue()
    return job


def workflows_to_aggregate() -> list[Workflow]:
    """Return the workflows with votes since their last reanalysis, a night or more ago."""
    now = timezone.now()
    last = Max("aggregations__created_at")
    workflows = Workflow.objects.annotate(last=last).filter(Q(last=None) | Q(last__lt=now - DAILY))
    return [each for each in workflows.select_related("survey") if _has_news(each)]


def aggregate(job: Aggregation) -> None:
    """Run the job: results are written in one transaction, so a crashed worker leaves nothing."""
    job.renew(message=READING_VOTES())
    votes = all_votes(job.workflow)
    if not len(votes.item):
        job.finish(message=NO_ANSWERS())
        return
    job.renew(message=DAWID_SKENE(count=f"{len(votes.item):,}"), total=len(votes.items))
    # Most volunteers answer few subjects, and errors are correlated: so use the crowd as a prior, and temper.
    fitted = Auto(methods=["dawid-skene"]).fit(votes)
    posterior = fitted.posteriors_[:, CLASSES.index("yes")]
    with transaction.atomic():
        against = _store(job, np.array(votes.items, dtype=np.int64), posterior)
        job.finish(
            version=_next_version(job.workflow),
            done=len(votes.items),
            votes=len(votes.item),
            subjects=len(votes.items),
            voters=len(votes.workers),
            iterations=fitted.n_iter_,
            has_converged=fitted.converged_,
            log_likelihood=fitted.log_likelihood_,
            share_yes=float(fitted.prior_[CLASSES.index("yes")]),
            disagreements=against,
            message=TURNED(count=f"{against:,}", all=f"{len(votes.items):,}"),
        )
        _forget_old(job.workflow)
    _refresh_models(votes.items)


def _refresh_models(subjects: Sequence[str]) -> None:
    """Mend what a vote wrote while a worker wrote the scores of its subject."""
    for start in range(0, len(subjects), BATCH):
        refresh_models([int(subject) for subject in subjects[start : start + BATCH]])


def aggregation_disagreements(aggregation: Aggregation) -> QuerySet[AggregatedPosterior]:
    """Return the subjects on which aggregation and live consensus disagree, largest disagreement first."""
    opposite = Q(posterior__gte=0.5, live__lt=0.5) | Q(posterior__lt=0.5, live__gte=0.5)
    rows = aggregation.posteriors.filter(opposite).select_related("subject")
    return rows.annotate(gap=Abs(F("posterior") - F("live"))).order_by("-gap", "pk")


def _store(job: Aggregation, subjects: np.ndarray, posterior: np.ndarray) -> int:
    """Store the posteriors beside the live ones; return the number of disagreements."""
    job.posteriors.all().delete()
    live = dict(Consensus.objects.filter(workflow=job.workflow).values_list("subject", "posterior"))
    live_posterior = np.array([live.get(subject, job.workflow.prior) for subject in subjects.tolist()])
    with connection.cursor() as cursor, cursor.copy(COPY) as copy:
        for row in zip(subjects.tolist(), posterior.tolist(), live_posterior.tolist(), strict=True):
            copy.write_row((job.pk, *row))
    return int(((posterior >= 0.5) != (live_posterior >= 0.5)).sum())


def _next_version(workflow: Workflow) -> int:
    """Return the next version number; the workflow is locked until the transaction ends, so it is unique."""
    Workflow.objects.select_for_update(no_key=True).get(pk=workflow.pk)
    last = Aggregation.objects.filter(workflow=workflow).aggregate(last=Max("version"))["last"]
    return (last or 0) + 1


def _forget_old(workflow: Workflow) -> None:
    newest = Aggregation.objects.filter(workflow=workflow, version__isnull=False).order_by("-version")[:VERSIONS]
    of_workflow = AggregatedPosterior.objects.filter(aggregation__workflow=workflow)
    of_workflow.exclude(aggregation__in=[each.pk for each in newest]).delete()


def _has_news(workflow: Workflow) -> bool:
    """Return whether there are votes that no reanalysis has had; one that failed has had none."""
    had = Aggregation.objects.filter(workflow=workflow).exclude(state=JobState.FAILED)
    return has_votes_since(workflow, had.aggregate(last=Max("created_at"))["last"])


def has_votes_since(workflow: Workflow, moment: datetime | None) -> bool:
    """Return whether a vote has begun to count since, or ever.

    An imported one is as old as its file says, and one that could be undone is older than its place in the sums; votes
    without weight are in none.
    """
    counted = Classification.objects.counted().filter(workflow=workflow)
    if moment is None:
        return counted.exists()
    summed = Consensus.objects.filter(workflow=workflow, updated_at__gt=moment)
    return summed.exists() or counted.filter(created_at__gt=moment).exists()
