"""Recompute evidence and consensus from all votes, after a change of gold, skill or rules.

A ruling, an undone training answer or a merger of two volunteers only marks the volunteers concerned, at constant cost.
A scheduled task recomputes them.
"""

import math
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Greatest

from webapp.classifications.models import Classification
from webapp.consensus.apply_votes import recompute_locked, recompute_subjects
from webapp.consensus.evidence import NEWCOMER, Counts, evidence_in_order
from webapp.consensus.locking import lock_volunteers
from webapp.consensus.models import Consensus, ConsensusRecompute, Skill
from webapp.consensus.skills import Truths, mark_stale, set_records, undone_answers
from webapp.core.jobs import JobState
from webapp.core.sql import execute, fetch
from webapp.core.stored_messages import Sentence
from webapp.queue.entries import lock_entries, redundancy
from webapp.queue.models import Lease, QueueEntry
from webapp.volunteers.identity import staying
from webapp.workflows.models import Workflow

RECOUNTED = Sentence("%(settled)s more retired, %(reopened)s reopened.")

VOTES = 50_000

# Answers without a position are older than positions, or imported: they are ordered by time.
READ = """
    SELECT answer.volunteer_id, answer.id, answer.answer, answer.subject_id, subject.gold_label, answer.count_order,
        answer.log_odds_micronats
    FROM classifications_classification AS answer JOIN archive_subject AS subject ON subject.id = answer.subject_id
    WHERE answer.workflow_id = %(workflow)s AND answer.volunteer_id = ANY(%(volunteers)s)
        AND answer.withdrawn_at IS NULL AND answer.is_counted
    ORDER BY answer.volunteer_id, answer.count_order, answer.created_at, answer.id
"""
WRITE = """
    WITH numbered AS MATERIALIZED (
        SELECT id, evidence, CASE WHEN place IS NULL THEN nextval('classifications_count_order') ELSE place END AS place
        FROM unnest(%(id)s::uuid[], %(evidence)s::bigint[], %(place)s::bigint[]) AS row (id, evidence, place)
    )
    UPDATE classifications_classification AS answer
    SET log_odds_micronats = numbered.evidence, count_order = numbered.place
    FROM numbered WHERE answer.id = numbered.id
"""


def replay_everybody(workflow: Workflow, report: Callable[[int], Any] = lambda votes: None) -> set[int]:
    """Recompute the evidence of all answers in a workflow, in batches; return whose.

    `report` gets each batch's votes.
    """
    replayed = set[int]()
    for votes, volunteers in _batches(workflow):
        replay(workflow, volunteers)
        replayed.update(volunteers)
        report(votes)
    _forget_nobody(workflow)
    return replayed


@transaction.atomic
def _forget_nobody(workflow: Workflow) -> None:
    """Delete the records of volunteers without answers, in the order in which skills are locked."""
    nobody = Skill.objects.filter(workflow=workflow, is_trusted=True, revision=F("applied_revision"))
    counted = Classification.objects.counted().filter(workflow=workflow, volunteer=OuterRef("volunteer"))
    without = nobody.exclude(Exists(counted))
    locked = list(without.order_by("volunteer_id").select_for_update(of=("self",)).values_list("pk", flat=True))
    without.filter(pk__in=locked).delete()  # but not of those whose answer came while this waited


@transaction.atomic
def replay(workflow: Workflow, volunteers: Collection[int]) -> None:
    """Recompute the evidence of all answers of some volunteers, and their records, but not their subjects' sums.

    Update those afterwards (`recompute_subjects`).
    """
    lock_volunteers(volunteers)
    truths, records = Truths(workflow.survey), dict.fromkeys(volunteers, NEWCOMER)
    undone = undone_answers(workflow, volunteers)
    suspect = set(Skill.objects.filter(workflow=workflow, is_trusted=False).values_list("volunteer", flat=True))
    changed: list[tuple[Any, int | None, int | None]] = []
    rows = fetch(READ, {"workflow": workflow.pk, "volunteers": list(volunteers)})
    for who, answers in groupby(rows, key=itemgetter(0)):
        records[who] = _replay_one(workflow, list(answers), truths, undone, who not in suspect, changed)
    if changed:
        ids, evidence, places = map(list, zip(*changed, strict=True))
        execute(WRITE, {"id": ids, "evidence": evidence, "place": places})
    set_records(workflow, dict(sorted(records.items())))


def evidence_under(workflow: Workflow) -> dict[int, int]:
    """Return the evidence on each subject under the workflow's method, saved or not, without writing."""
    truths, sums = Truths(workflow.survey), Counter[int]()
    suspect = set(Skill.objects.filter(workflow=workflow, is_trusted=False).values_list("volunteer", flat=True))
    for _, volunteers in _batches(workflow):
        trusted = [who for who in volunteers if who not in suspect]
        undone = undone_answers(workflow, trusted)
        for _, group in groupby(fetch(READ, {"workflow": workflow.pk, "volunteers": trusted}), key=itemgetter(0)):
            answers = list(group)
            weights = evidence_in_order(workflow.method, NEWCOMER, _with_truths(answers, truths, undone))[0]
            for (_, _, _, subject, *_), weight in zip(answers, weights, strict=True):
                sums[subject] += weight
    return sums


def _with_truths(answers: list[tuple[Any, ...]], truths: Truths, undone: set[tuple[int, int]]) -> list[tuple[str, str]]:
    """Return answers, each with the subject's true class for the record, if any."""
    return [
        (answer, "" if not label or (who, subject) in undone else truths[label])
        for who, _, answer, subject, label, _, _ in answers
    ]


def _replay_one(
    workflow: Workflow,
    answers: list[tuple[Any, ...]],
    truths: Truths,
    undone: set[tuple[int, int]],
    is_trusted: bool,
    changed: list[tuple[Any, int | None, int | None]],
) -> Counts:
    """Recompute one volunteer's evidence; append changed answers, and return the record."""
    evidence, record = evidence_in_order(workflow.method, NEWCOMER, _with_truths(answers, truths, undone))
    for (_, pk, _, _, _, place, before), weight in zip(answers, evidence, strict=True):
        now = weight if is_trusted else None
        if place is None or now != before:
            changed.append((pk, now, place))
    return record


def _batches(workflow: Workflow) -> Iterator[tuple[int, list[int]]]:
    """Yield batches of volunteers with about `VOTES` answers in total, and that number."""
    counted = Classification.objects.filter(workflow=workflow).values("volunteer").order_by("volunteer")
    batch: list[int] = []
    votes = 0
    for volunteer, n in list(counted.annotate(n=Count("pk")).values_list("volunteer", "n")):
        batch.append(volunteer)
        votes += n
        if votes >= VOTES:
            yield votes, batch
            batch, votes = [], 0
    if batch:
        yield votes, batch


SUBJECTS = 1_000


def catch_up(workflow: Workflow, limit: int = 1_000, until: float = math.inf) -> int:
    """Recompute the answers of marked volunteers and their subjects; return how many volunteers.

    If killed, it resumes with the unfinished volunteers; marks set meanwhile stay. Two at a time do the same work with
    the same result. From `until` on, in seconds of `time.monotonic`, it begins with no other volunteer.
    """
    marked = Skill.objects.filter(workflow=workflow, revision__gt=F("applied_revision")).order_by("volunteer")
    stale = list(marked.values_list("pk", "volunteer", "revision")[:limit])
    for number, (pk, volunteer, revision) in enumerate(stale, 1):
        replay(workflow, [volunteer])
        answers = Classification.objects.counted().filter(workflow=workflow, volunteer=volunteer)
        subjects = list(answers.order_by("subject").values_list("subject", flat=True))
        for start in range(0, len(subjects), SUBJECTS):
            recompute_subjects(workflow, subjects[start : start + SUBJECTS])
        Skill.objects.filter(pk=pk).update(applied_revision=Greatest("applied_revision", revision))
        if time.monotonic() > until:
            return number
    return len(stale)


BATCH = 1000


@transaction.atomic
def start_recompute(*, workflow: Workflow, by: User | None) -> ConsensusRecompute:
    """Start a recount of the workflow's votes under its current rules; return the job, or the waiting one if any.

    Call it in the transaction that changes the rules: batches that begin after its commit follow the new ones. A job
    that waits is locked until then, so that no worker begins it under the old ones.
    """
    rows = ConsensusRecompute.objects.select_for_update()
    waiting = rows.filter(workflow=workflow, state=JobState.QUEUED).first()
    if waiting is not None:
        return waiting
    job = ConsensusRecompute.objects.create(workflow=workflow, requested_by=by)
    job.enqueue()
    return job


def recompute_consensus(job: ConsensusRecompute) -> None:
    """Run the job. Batches are separate transactions, so volunteers can continue; repeating it is safe.

    Under unchanged rules, the result equals live counting once `webapp.consensus.recompute` has nothing left to do.
    """
    replayed = replay_everybody(job.workflow, lambda votes: job.renew())
    subjects = list(_touched(job.workflow).order_by("pk").values_list("subject", flat=True))
    job.renew(done=0, total=len(subjects))
    settled = reopened = 0
    for start in range(0, len(subjects), BATCH):
        changed = _recompute_batch(job.workflow_id, subjects[start : start + BATCH])
        settled, reopened = settled + changed[True], reopened + changed[False]
        job.renew(done=min(start + BATCH, len(subjects)))
    _mark_others(job.workflow, replayed)
    job.finish(done=len(subjects), message=RECOUNTED(settled=f"{settled:,}", reopened=f"{reopened:,}"))


@transaction.atomic
def _mark_others(workflow: Workflow, replayed: set[int]) -> None:
    """Mark those whose first answer was being counted, perhaps under the old rules, when the recount began.

    By now it is stored: each batch has waited for those who were counting an answer to its subjects.
    """
    given = Classification.objects.counted().filter(workflow=workflow)
    volunteers = set(given.order_by().values_list("volunteer", flat=True).distinct())
    mark_stale(workflow, staying(volunteers - replayed))


def _touched(workflow: Workflow) -> QuerySet[QueueEntry]:
    """Return the entries that a rule change may concern: with votes, verdict or leases, or another number of slots."""
    of_entry = {"workflow": workflow, "subject": OuterRef("subject")}
    voted, summed = Classification.objects.filter(**of_entry), Consensus.objects.filter(**of_entry)
    is_leased = Exists(Lease.objects.filter(entry=OuterRef("pk")))
    other_number = Q(is_gold=False) & (~Q(open_slots=redundancy(workflow, votes=0)) | Q(is_leased))
    return QueueEntry.objects.filter(Q(Exists(voted)) | Q(Exists(summed)) | other_number, workflow=workflow)


@transaction.atomic
def _recompute_batch(workflow: int, subjects: Sequence[int]) -> Counter[bool]:
    """Recompute some subjects; count newly retired ones (True) and reopened ones.

    The rules are read under a lock that a change of them waits for, so that no batch is written under replaced rules,
    even while an earlier job is still at work.
    """
    rules = Workflow.objects.select_for_update(no_key=True, of=("self",)).select_related("survey").get(pk=workflow)
    entries = lock_entries(rules, subjects)
    before = {subject: entry.is_retired for subject, entry in entries.items()}
    after = {subject: row.is_retired for subject, row in recompute_locked(rules, list(entries.values())).items()}
    return Counter(is_retired for subject, is_retired in after.items() if is_retired != before[subject])


WORKING = timedelta(seconds=20)


def catch_up_all() -> None:
    """Catch up in every workflow with marked volunteers, for `WORKING` in all; the next run goes on.

    Each workflow has its share of the time, so that none waits until another one has caught up.
    """
    stale = Skill.objects.filter(revision__gt=F("applied_revision")).values("workflow")
    workflows = list(Workflow.objects.filter(pk__in=stale).select_related("survey").order_by("pk"))
    ends = time.monotonic() + WORKING.total_seconds()
    for left in range(len(workflows), 0, -1):
        now = time.monotonic()
        catch_up(workflows[-left], until=now + (ends - now) / left)
