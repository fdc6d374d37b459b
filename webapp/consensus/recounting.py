"""After a change of rule: subjects with votes are settled anew, and the others offered to as many as they need now."""

from collections.abc import Sequence
from itertools import count

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from webapp.consensus.models import Consensus, Recount
from webapp.consensus.replay import replay_everybody
from webapp.consensus.sentences import RECOUNTED
from webapp.consensus.update import refresh
from webapp.jobs import JobState
from webapp.volunteers.models import Classification, QueueEntry, Workflow
from webapp.volunteers.wanted import wanted

BATCH = 1000


def start_recount(*, workflow: Workflow, by: User | None) -> Recount:
    """Have a worker add up the workflow's votes under its rules of now; return the job, the waiting one if any.

    Call it in the transaction that changes the rules: a batch that begins after it has committed follows the new ones.
    """
    waiting = Recount.objects.filter(workflow=workflow, state=JobState.QUEUED).first()
    if waiting is not None:
        return waiting
    job = Recount.objects.create(workflow=workflow, requested_by=by)
    job.enqueue()
    return job


def recount_votes(job: Recount) -> None:
    """Do the job. Batches are transactions of their own, so volunteers go on meanwhile; twice does no harm."""
    replay_everybody(job.workflow, lambda votes: job.renew())
    touched = _touched(job.workflow)
    job.renew(done=0, total=touched.count())
    settled = reopened = after = 0
    for done in count(BATCH, BATCH):
        batch = list(touched.filter(pk__gt=after).order_by("pk").values_list("pk", "subject", "is_retired")[:BATCH])
        if not batch:
            break
        retired = _settle(job.workflow_id, [subject for _, subject, _ in batch])
        settled += sum(not before and retired.get(subject, False) for _, subject, before in batch)
        reopened += sum(before and not retired.get(subject, True) for _, subject, before in batch)
        after = batch[-1][0]
        job.renew(done=min(done, job.total or done))
    job.finish(done=job.total or 0, message=RECOUNTED(settled=f"{settled:,}", reopened=f"{reopened:,}"))


def _touched(workflow: Workflow) -> QuerySet[QueueEntry]:
    """Return the entries that a rule may concern: with votes or a verdict, or offered to another number of people."""
    of_entry = {"workflow": workflow, "subject": OuterRef("subject")}
    voted, summed = Classification.objects.filter(**of_entry), Consensus.objects.filter(**of_entry)
    other_number = Q(is_gold=False) & ~Q(available=wanted(workflow, votes=0))
    return QueueEntry.objects.filter(Q(Exists(voted)) | Q(Exists(summed)) | other_number, workflow=workflow)


@transaction.atomic
def _settle(workflow: int, subjects: Sequence[int]) -> dict[int, bool]:
    """Add up some subjects; return which are retired now.

    The rules are read under a lock that a change of them waits for: so no batch follows rules that have been replaced
    by the time it is written, even while an earlier job is still at work.
    """
    rules = Workflow.objects.select_for_update(no_key=True, of=("self",)).select_related("survey").get(pk=workflow)
    return {subject: row.is_retired for subject, row in refresh(rules, subjects).items()}
