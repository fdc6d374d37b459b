"""After a change of rule: subjects with votes are settled anew, and the others offered to as many as they need now."""

from collections import Counter
from collections.abc import Sequence

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from webapp.consensus.models import Consensus, Recount
from webapp.consensus.replay import replay_everybody
from webapp.consensus.sentences import RECOUNTED
from webapp.consensus.update import refresh_locked
from webapp.core.jobs import JobState
from webapp.volunteers.classify import lock_entries
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
    """Do the job. Batches are transactions of their own, so volunteers go on meanwhile; twice does no harm.

    Where the rules are those of before, it ends in what live counting has come to once `webapp.consensus.catch_up` has
    nothing left to do.
    """
    replay_everybody(job.workflow, lambda votes: job.renew())
    subjects = list(_touched(job.workflow).order_by("pk").values_list("subject", flat=True))
    job.renew(done=0, total=len(subjects))
    settled = reopened = 0
    for start in range(0, len(subjects), BATCH):
        changed = _settle(job.workflow_id, subjects[start : start + BATCH])
        settled, reopened = settled + changed[True], reopened + changed[False]
        job.renew(done=min(start + BATCH, len(subjects)))
    job.finish(done=len(subjects), message=RECOUNTED(settled=f"{settled:,}", reopened=f"{reopened:,}"))


def _touched(workflow: Workflow) -> QuerySet[QueueEntry]:
    """Return the entries that a rule may concern: with votes or a verdict, or offered to another number of people."""
    of_entry = {"workflow": workflow, "subject": OuterRef("subject")}
    voted, summed = Classification.objects.filter(**of_entry), Consensus.objects.filter(**of_entry)
    other_number = Q(is_gold=False) & ~Q(available=wanted(workflow, votes=0))
    return QueueEntry.objects.filter(Q(Exists(voted)) | Q(Exists(summed)) | other_number, workflow=workflow)


@transaction.atomic
def _settle(workflow: int, subjects: Sequence[int]) -> Counter[bool]:
    """Add up some subjects; count those that are retired now and were not (True), and those that are open again.

    The rules are read under a lock that a change of them waits for: so no batch follows rules that have been replaced
    by the time it is written, even while an earlier job is still at work.
    """
    rules = Workflow.objects.select_for_update(no_key=True, of=("self",)).select_related("survey").get(pk=workflow)
    entries = lock_entries(rules, subjects)
    before = {subject: entry.is_retired for subject, entry in entries.items()}
    after = {subject: row.is_retired for subject, row in refresh_locked(rules, list(entries.values())).items()}
    return Counter(is_retired for subject, is_retired in after.items() if is_retired != before[subject])
