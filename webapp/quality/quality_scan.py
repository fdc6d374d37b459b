"""Scan a workflow's classifications for spam, copies and speed; flag volunteers and exclude their votes until reviewed.

A volunteer's answers have weight unless a flag of theirs is open or confirmed. They are not told, and keep getting
training subjects: an open flag clears once newer answers look normal.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Max, Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from numpy.typing import NDArray

from ml.crowd.answer import ANSWERS
from ml.crowd.quality.answers import Answers
from ml.crowd.quality.flag import Flag
from ml.crowd.quality.scan import find_flags
from webapp.consensus.batch_aggregation import has_votes_since
from webapp.consensus.locking import lock_volunteers
from webapp.core.jobs import DAILY, JobState
from webapp.core.sql import copy_out, execute
from webapp.core.stored_messages import Sentence
from webapp.quality.models import FlagState, QualityFlag, QualityScan
from webapp.volunteers.models import Volunteer
from webapp.workflows.models import Workflow

READING_ANSWERS = Sentence("Reading classifications.")
LOOKING_THROUGH = Sentence("Scanning %(count)s classifications.")
FLAGGED = Sentence("%(new)s new, %(over)s cleared.")

# Includes untrusted volunteers, so that they can be trusted again. Ordered, because sums of floats depend on the order.
QUERY = """
    SELECT answer.volunteer_id::bigint, answer.subject_id::bigint,
        (array_position(%(answers)s::text[], answer.answer::text) - 1)::smallint,
        (CASE WHEN subject.gold_label = '' THEN -1 WHEN subject.gold_label = 'yes' THEN 1
            WHEN subject.gold_label = ANY(%(positive)s::text[]) THEN 1 ELSE 0 END)::smallint,
        coalesce(extract(epoch FROM answer.finished_at - answer.started_at), 'NaN')::double precision,
        extract(epoch FROM answer.created_at)::double precision
    FROM classifications_classification AS answer JOIN archive_subject AS subject ON subject.id = answer.subject_id
    WHERE answer.workflow_id = %(workflow)s AND answer.withdrawn_at IS NULL AND answer.is_counted
    ORDER BY answer.id
"""
FIELDS = {
    "volunteer": "int8",
    "subject": "int8",
    "answer": "int2",
    "gold": "int2",
    "seconds": "float8",
    "when": "float8",
}


def all_answers(workflow: Workflow) -> tuple[Answers, NDArray[np.int64]]:
    """Return the counted answers, and the primary keys of their volunteers by code."""
    parameters = {"workflow": workflow.pk, "positive": workflow.survey.positive, "answers": list(ANSWERS)}
    rows = copy_out(QUERY, FIELDS, parameters)
    volunteers, volunteer = np.unique(rows["volunteer"], return_inverse=True)
    subjects, subject = np.unique(rows["subject"], return_inverse=True)
    answers = Answers(
        volunteer=volunteer,
        item=subject,
        answer=rows["answer"].astype(np.int64),
        seconds=rows["seconds"],
        gold=rows["gold"].astype(np.int64),
        when=rows["when"],
        n_volunteers=len(volunteers),
        n_items=len(subjects),
    )
    return answers, volunteers


NEWEST = 300
"""Newest answers of each volunteer in a scan: that many good ones clear a flag."""

# A change marks the volunteer, so that their evidence is recomputed (`webapp.consensus.recompute`).
SET_TRUSTED = """
    INSERT INTO consensus_skill AS known (
        volunteer_id, workflow_id, revision, is_trusted, updated_at
    )
    SELECT voter.id, %(workflow)s, 1, voter.is_trusted, now()
    FROM (
        SELECT id, NOT EXISTS (
            SELECT FROM quality_qualityflag AS flag
            WHERE flag.volunteer_id = given.id AND flag.workflow_id = %(workflow)s
                AND flag.state IN ('open', 'confirmed')
        ) AS is_trusted
        FROM unnest(%(volunteers)s::bigint[]) AS given (id) ORDER BY id
    ) AS voter
    WHERE NOT voter.is_trusted OR EXISTS (
        SELECT FROM consensus_skill AS known
        WHERE known.volunteer_id = voter.id AND known.workflow_id = %(workflow)s
    )
    ON CONFLICT (volunteer_id, workflow_id) DO UPDATE
    SET is_trusted = excluded.is_trusted, revision = known.revision + 1
    WHERE known.is_trusted <> excluded.is_trusted
"""


def start_scan(workflow: Workflow, by: User | None) -> QualityScan:
    """Start a scan of all answers; return the job, or the waiting one if any."""
    job, _ = QualityScan.objects.get_or_create(workflow=workflow, state=JobState.QUEUED, defaults={"requested_by": by})
    job.enqueue()
    return job


def workflows_to_scan() -> list[Workflow]:
    """Return the workflows with answers since their last scan, a night or more ago."""
    workflows = Workflow.objects.annotate(last=Max("quality_scans__created_at"))
    overdue = workflows.filter(Q(last=None) | Q(last__lt=timezone.now() - DAILY)).select_related("survey")
    return [each for each in overdue if _has_news(each)]


def scan(job: QualityScan) -> None:
    """Run the job. Results are written in one transaction, and repeating it changes nothing."""
    job.renew(message=READING_ANSWERS())
    answers, volunteers = all_answers(job.workflow)
    job.renew(message=LOOKING_THROUGH(count=f"{len(answers.item):,}"), total=answers.n_volunteers)
    flags = find_flags(answers, newest=NEWEST)
    with transaction.atomic():
        new, over = store_flags(job.workflow, flags, volunteers)
        job.finish(done=answers.n_volunteers, found=new, message=FLAGGED(new=f"{new:,}", over=f"{over:,}"))


def store_flags(workflow: Workflow, flags: Sequence[Flag], volunteers: NDArray[np.int64]) -> tuple[int, int]:
    """Store the flags of a scan, by the volunteers' primary keys; return the numbers of new and of cleared flags."""
    Workflow.objects.select_for_update(no_key=True).get(pk=workflow.pk)
    present = _locked(volunteers, flags)
    signs = {(present[who], sign.kind): sign for sign in flags if (who := int(volunteers[sign.volunteer])) in present}
    now = timezone.now()
    flagged = QualityFlag.objects.filter(workflow=workflow).order_by("pk")
    known = {(flag.volunteer_id, flag.kind): flag for flag in flagged.select_for_update(of=("self",))}
    new = 0
    for (who, kind), sign in signs.items():
        flag = known.pop((who, kind), None) or QualityFlag(volunteer_id=who, workflow=workflow, kind=kind)
        new += flag.pk is None or flag.state == FlagState.EXPIRED
        if flag.state == FlagState.EXPIRED:
            flag.state = FlagState.OPEN
        flag.numbers, flag.p, flag.seen_at = dict(sign.numbers), sign.p, now
        original = None if sign.original is None else int(volunteers[sign.original])
        flag.original_id = original if original in present else None
        flag.save()
    over = [flag for flag in known.values() if flag.state == FlagState.OPEN]
    QualityFlag.objects.filter(pk__in=[flag.pk for flag in over]).update(state=FlagState.EXPIRED)
    apply_flags(workflow, {who for who, _kind in signs} | {flag.volunteer_id for flag in over})
    return new, len(over)


def _locked(volunteers: NDArray[np.int64], flags: Sequence[Flag]) -> dict[int, int]:
    """Lock whom the flags name; return who they are now, by who they were when their answers were read.

    Visitors may have signed in since, and others have left.
    """
    named = {int(volunteers[each]) for sign in flags for each in (sign.volunteer, sign.original) if each is not None}
    rows = Volunteer.objects.filter(pk__in=named).annotate(now=Coalesce("merged_into", "pk"))
    lock_volunteers({*named, *rows.values_list("now", flat=True)})
    return dict(rows.values_list("pk", "now"))


@transaction.atomic
def decide(*, flag: QualityFlag, state: str, by: User) -> QualityFlag:
    """Confirm or dismiss a flag, or reopen it; the weight of the volunteer's answers follows within minutes.

    Raises QualityFlag.DoesNotExist: it is gone, since the volunteer has left, or their account had the same flag.
    """
    Workflow.objects.select_for_update(no_key=True).get(pk=flag.workflow_id)
    lock_volunteers([flag.volunteer_id])  # whoever deletes their account locks them before their flags
    flags = QualityFlag.objects.select_for_update(of=("self",)).select_related("workflow", "volunteer")
    row = flags.get(pk=flag.pk)
    row.state = FlagState(state)
    row.decided_by, row.decided_at = (None, None) if row.state == FlagState.OPEN else (by, timezone.now())
    row.save(update_fields=["state", "decided_by", "decided_at"])
    apply_flags(row.workflow, [row.volunteer_id])
    return row


def merge_flags(workflow: Workflow, visitor: Volunteer, account: Volunteer) -> None:
    """Move a visitor's flags to their account, in place of expired ones, so that signing in does not clear them."""
    own = QualityFlag.objects.filter(workflow=workflow, volunteer=account)
    kept = own.exclude(state=FlagState.EXPIRED).values_list("kind", flat=True)
    moved = QualityFlag.objects.filter(workflow=workflow, volunteer=visitor).exclude(kind__in=list(kept))
    own.filter(kind__in=list(moved.values_list("kind", flat=True))).delete()
    moved.update(volunteer=account)
    apply_flags(workflow, [account.pk])


def apply_flags(workflow: Workflow, volunteers: Iterable[int]) -> None:
    """Update the weight of volunteers' answers from their flags."""
    whose = sorted(set(volunteers))
    if whose:
        execute(SET_TRUSTED, {"workflow": workflow.pk, "volunteers": whose})


def _has_news(workflow: Workflow) -> bool:
    """Return whether there are answers that no scan has had; one that failed has had none."""
    had = QualityScan.objects.filter(workflow=workflow).exclude(state=JobState.FAILED)
    return has_votes_since(workflow, had.aggregate(last=Max("created_at"))["last"])
