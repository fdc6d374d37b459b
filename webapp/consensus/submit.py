"""Answer and undo: one transaction each, from the vote to the consensus, the voter's skill and the queue."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from webapp.consensus.grace import count_those_before
from webapp.consensus.models import Consensus
from webapp.consensus.skill import count_answers
from webapp.consensus.update import refresh_locked
from webapp.volunteers.classify import Item, Recorded, lend_again, lock_entries, record, set_follow_up, withdraw
from webapp.volunteers.models import Classification, QueueEntry, Volunteer, Workflow


@dataclass(frozen=True, slots=True)
class Submitted:
    """An answer as it was recorded, and what the votes on its subject come to now."""

    recorded: Recorded
    consensus: Consensus

    @property
    def votes(self) -> dict[str, int]:
        """The standing votes: those that the consensus counts, and this one."""
        votes = {"yes": self.consensus.votes_yes, "no": self.consensus.votes_no, "unsure": self.consensus.votes_unsure}
        own = self.recorded.classification
        if own.withdrawn_at is None and not own.is_counted:
            votes[own.answer] += 1
        return votes


@transaction.atomic
def submit(volunteer: Volunteer, workflow: Workflow, items: Sequence[Item]) -> list[Submitted]:
    """Record answers to different subjects and bring consensus, skill and queue up to date.

    The volunteer goes on by this: what they answered before counts now. The last answer counts when they go on again,
    or when its grace period has ended (`webapp.consensus.grace`).

    Raises
    ------
    CannotClassify
        As `webapp.volunteers.classify.record`; nothing is stored then.
    """
    entries = lock_entries(workflow, [item.subject for item in items], volunteer)
    recorded = record(volunteer, workflow, items, entries)
    new = {each.classification.pk: each.classification for each in recorded if each.is_new}
    if new:
        last = list(new)[-1:] if workflow.grace else []
        for row in count_those_before(volunteer, workflow, last, entries):
            new.get(row.pk, row).is_counted = True
    sums = refresh_locked(workflow, list(entries.values()))
    return [Submitted(each, sums[each.entry.subject_id]) for each in recorded]


@transaction.atomic
def undo(volunteer: Volunteer, answer: UUID) -> Submitted:
    """Take one's own answer back and hold its subject again, as if it had not been given; twice is as once.

    Raises
    ------
    Classification.DoesNotExist
        For an id that is not one of the volunteer's answers.
    TooLate
        When the workflow's grace period is over.
    """
    row, entry = _locked(volunteer, answer)
    if withdraw(row):
        if row.is_counted:
            count_answers([row], -1)
        sums = refresh_locked(row.workflow, [entry])
        lend_again(row, entry, timezone.now() + settings.LEASE_FOR)
    else:
        sums = refresh_locked(row.workflow, [entry])
    return Submitted(Recorded(row, entry, is_new=False, is_replay=True), sums[row.subject_id])


@transaction.atomic
def say_more(volunteer: Volunteer, answer: UUID, follow_up: str) -> Submitted:
    """Add, change or (with an empty string) remove what else the subject is, after the answer was given.

    Raises
    ------
    Classification.DoesNotExist
        For an id that is not one of the volunteer's answers.
    CannotClassify
        When the workflow knows no such follow-up to the answer, or the answer was withdrawn.
    """
    row, entry = _locked(volunteer, answer)
    set_follow_up(row, follow_up)
    sums = refresh_locked(row.workflow, [entry])
    return Submitted(Recorded(row, entry, is_new=False, is_replay=True), sums[row.subject_id])


def _locked(volunteer: Volunteer, answer: UUID) -> tuple[Classification, QueueEntry]:
    """Load an answer under the lock of its queue entry, so that it cannot change meanwhile."""
    answers = Classification.objects.filter(volunteer=volunteer).select_related("workflow__survey")
    row = answers.get(pk=answer)
    entry = lock_entries(row.workflow, [row.subject_id])[row.subject_id]
    row.refresh_from_db(fields=["answer", "follow_up", "withdrawn_at", "is_counted"])
    row.subject = entry.subject
    return row, entry
