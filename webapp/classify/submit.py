"""Submit, undo, follow-up and commit pending classifications: one transaction each, through consensus to queue."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import DateTimeField, DurationField, ExpressionWrapper, F, Q, Value
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _
from psycopg.errors import DeadlockDetected

from webapp.classifications.models import Classification
from webapp.classify.record import CannotClassify, Item, Recorded, record, set_follow_up, withdraw
from webapp.community.discoveries import give_up_credit
from webapp.consensus.apply_votes import apply_votes, recompute_locked
from webapp.consensus.locking import Voter, lock_volunteers, lock_voters
from webapp.consensus.models import Consensus
from webapp.consensus.skills import counted_truth, unlearn
from webapp.core.postgresql.retry import retry_on
from webapp.queue.entries import lend_again, lock_entries, lock_of_several
from webapp.queue.models import QueueEntry
from webapp.volunteers.identity import HasJoined, as_account, lock_person
from webapp.volunteers.models import Volunteer
from webapp.workflows.models import Workflow


@dataclass(frozen=True, slots=True)
class Submitted:
    """A recorded answer, and the current votes on its subject."""

    recorded: Recorded
    consensus: Consensus

    @property
    def votes(self) -> dict[str, int]:
        """The standing votes: those counted in the consensus, and this one."""
        votes = self.consensus.votes_by_answer
        own = self.recorded.classification
        if own.withdrawn_at is None and not own.is_counted:
            votes[own.answer] += 1
        return votes

    @property
    def others(self) -> dict[str, int]:
        """The counted votes of other volunteers."""
        votes = self.consensus.votes_by_answer
        own = self.recorded.classification
        if own.withdrawn_at is None and own.is_counted and not self.recorded.is_late:
            votes[own.answer] -= 1
        return votes


@as_account
@transaction.atomic
def submit(volunteer: Volunteer, workflow: Workflow, items: Sequence[Item]) -> list[Submitted]:
    """Record answers to different subjects and update consensus, skill and queue.

    The volunteer's earlier answers now count. The last answer counts with their next one, or when its undo time is over
    (`commit_pending`).

    Raises CannotClassify: as in `webapp.classify.record.record`; nothing is stored.
    """
    voter = _lock(volunteer, workflow)
    entries = lock_entries(workflow, [*(item.subject for item in items), *(row.subject_id for row in voter.held)])
    recorded = record(volunteer, workflow, items, entries)
    new = [each.classification for each in recorded if each.is_new]
    sums = apply_votes(workflow, [(voter, _to_count(voter, workflow, new))], entries)
    return [Submitted(each, sums[each.entry.subject_id]) for each in recorded]


def lock_for_several(volunteer: Volunteer, subjects: Mapping[Workflow, Sequence[int]]) -> None:
    """Lock what `submit` locks in each of several workflows, which would else wait for the next one with skills locked.

    A newcomer's skills are locked by nobody else.
    """
    if volunteer.pk is None:
        return
    lock_volunteers([volunteer.pk])
    entries = Q()
    for workflow, keys in subjects.items():
        pending = Classification.objects.held_back().filter(volunteer=volunteer, workflow=workflow)
        entries |= Q(workflow=workflow, subject__in=[*keys, *pending.values_list("subject", flat=True)])
    lock_of_several(QueueEntry.objects.filter(entries))


def _lock(volunteer: Volunteer, workflow: Workflow) -> Voter:
    """Lock the volunteer.

    Raises HasJoined: a visitor has joined while the request was under way. Raises CannotClassify: their account was
    deleted meanwhile.
    """
    voters = lock_voters(workflow, [volunteer.pk])
    if not voters or voters[0].user != volunteer.user_id:
        raise CannotClassify(_("This account was deleted, so the answer was not stored."))
    (voter,) = voters
    if voter.account is not None:
        raise HasJoined(voter.account)
    return voter


def _to_count(voter: Voter, workflow: Workflow, new: list[Classification]) -> list[Classification]:
    """Return the answers that count now: all but the last. Resending an answer does not count the one before."""
    if not new:
        return []
    return [*voter.held, *(new[:-1] if workflow.undo_seconds else new)]


@as_account
@retry_on(DeadlockDetected)
@transaction.atomic
def undo(volunteer: Volunteer, answer: UUID) -> Submitted:
    """Undo one's own answer and lease its subject again, as if it had not been given; repeating it is safe.

    Raises Classification.DoesNotExist for an id that is not one of the volunteer's answers. Raises TooLate when the
    workflow's undo time is over.
    """
    row, entry = _locked(volunteer, answer)
    truth = counted_truth(row) if row.is_counted else ""
    if withdraw(row):
        if truth:
            unlearn(row, truth)
        give_up_credit(row)
        sums = recompute_locked(row.workflow, [entry])
        lend_again(row, entry, timezone.now() + settings.LEASE_FOR)
    else:
        sums = recompute_locked(row.workflow, [entry])
    return Submitted(Recorded(row, entry, is_new=False, is_replay=True), sums[row.subject_id])


@as_account
@retry_on(DeadlockDetected)
@transaction.atomic
def say_more(volunteer: Volunteer, answer: UUID, follow_up: str) -> Submitted:
    """Add, change or (with an empty string) remove the follow-up of an answer.

    Raises Classification.DoesNotExist for an id that is not one of the volunteer's answers. Raises CannotClassify when
    the workflow does not offer this follow-up after the answer, or the answer was withdrawn.
    """
    row, entry = _locked(volunteer, answer)
    set_follow_up(row, follow_up)
    sums = recompute_locked(row.workflow, [entry])
    return Submitted(Recorded(row, entry, is_new=False, is_replay=True), sums[row.subject_id])


def _locked(volunteer: Volunteer, answer: UUID) -> tuple[Classification, QueueEntry]:
    """Load an answer, locking its volunteer and its queue entry; raises HasJoined."""
    if not lock_person(volunteer):
        raise Classification.DoesNotExist
    answers = Classification.objects.filter(volunteer=volunteer).select_related("workflow__survey")
    row = answers.get(pk=answer)
    entry = lock_entries(row.workflow, [row.subject_id])[row.subject_id]
    row.refresh_from_db(fields=["answer", "follow_up", "withdrawn_at", "is_counted"])
    row.subject = entry.subject
    return row, entry


VOLUNTEERS = 100
MOST_PENDING = 10_000
SKEW = timedelta(minutes=1)
"""An answer from later than this was given before the clock was set back; web servers' clocks differ by less."""


def commit_pending() -> int:
    """Count the pending answers whose undo time is over; return how many."""
    grace = ExpressionWrapper(F("workflow__undo_seconds") * Value(timedelta(seconds=1)), output_field=DurationField())
    ended = ExpressionWrapper(Now() - grace, output_field=DateTimeField())
    is_due = Q(created_at__lt=ended) | Q(created_at__gt=Now() + SKEW)  # else they would wait for an old clock's time
    due = Classification.objects.held_back().filter(is_due).order_by("created_at")
    overdue: dict[int, dict[int, set[UUID]]] = defaultdict(lambda: defaultdict(set))
    for pk, workflow, volunteer in due.values_list("pk", "workflow", "volunteer")[:MOST_PENDING]:
        overdue[workflow][volunteer].add(pk)
    workflows = Workflow.objects.select_related("survey").in_bulk(list(overdue))
    counted = 0
    for workflow, of_volunteer in overdue.items():
        volunteers = sorted(of_volunteer)
        for start in range(0, len(volunteers), VOLUNTEERS):
            ids = {who: of_volunteer[who] for who in volunteers[start : start + VOLUNTEERS]}
            counted += _count(workflows[workflow], ids)
    return counted


@transaction.atomic
def _count(workflow: Workflow, of_volunteer: dict[int, set[UUID]]) -> int:
    """Count the pending ones among some answers, by volunteer."""
    voters = lock_voters(workflow, list(of_volunteer))
    ballots = [(each, [row for row in each.held if row.pk in of_volunteer[each.volunteer]]) for each in voters]
    answers = [row for _, rows in ballots for row in rows]
    if answers:
        apply_votes(workflow, ballots, lock_entries(workflow, [row.subject_id for row in answers]))
    return len(answers)
