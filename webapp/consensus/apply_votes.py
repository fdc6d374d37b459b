"""Apply votes: update consensus, retirement and queue by newly counted votes, or recompute from all."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from django.db import transaction
from django.utils import timezone

from webapp.classifications.models import Classification
from webapp.consensus.consensus_rows import read_rows, recompute_rows, write_rows
from webapp.consensus.evidence import evidence_in_order, posterior_of
from webapp.consensus.locking import Voter
from webapp.consensus.models import VOTE_COLUMNS, Consensus
from webapp.consensus.retirement import BY_VOTES, reason_to_retire
from webapp.consensus.skills import Truths, set_records, undone_answers
from webapp.queue.entries import lock_entries, open_slots
from webapp.queue.models import QueueEntry
from webapp.workflows.models import Workflow

Ballot = tuple[Voter, Sequence[Classification]]
"""A volunteer, and their newly counted answers, in order."""


def apply_votes(
    workflow: Workflow, ballots: Collection[Ballot], entries: Mapping[int, QueueEntry]
) -> dict[int, Consensus]:
    """Count answers: weight each by its volunteer's record, and add it to that record and to its subject's sum.

    The cost does not depend on the number of votes. Lock the volunteers first (`lock_voters`), and then the entries of
    the subjects (`lock_entries`); entries without such an answer only get their open slots updated.
    """
    locked = list(entries.values())
    read = read_rows(workflow, locked)
    _set_evidence(workflow, ballots, entries)
    counted = [answer for _, answers in ballots for answer in answers]
    of_subject = defaultdict(list)
    for answer in counted:
        of_subject[answer.subject_id].append(answer)
    rows = {}
    for subject, (row, taken) in read.items():
        _add(row, of_subject[subject])
        rows[subject] = _update(row, entries[subject], taken - len(of_subject[subject]))
    write_rows(workflow, locked, rows, counted)
    return rows


@transaction.atomic
def recompute_subjects(workflow: Workflow, subjects: Iterable[int]) -> dict[int, Consensus]:
    """Recompute the sums of some subjects from the evidence of their votes; return the result by subject.

    The number of queries does not depend on the number of subjects. Their queue entries are locked first, in primary
    key order, so that concurrent votes on one subject wait for each other.
    """
    return recompute_locked(workflow, list(lock_entries(workflow, list(subjects)).values()))


def recompute_locked(workflow: Workflow, entries: Sequence[QueueEntry]) -> dict[int, Consensus]:
    """Do the same as `recompute_subjects`, for entries already locked by this transaction."""
    by_subject = {entry.subject_id: entry for entry in entries}
    summed = recompute_rows(workflow, entries).items()
    rows = {subject: _update(row, by_subject[subject], taken) for subject, (row, taken) in summed}
    write_rows(workflow, entries, rows)
    return rows


def _set_evidence(workflow: Workflow, ballots: Collection[Ballot], entries: Mapping[int, QueueEntry]) -> None:
    truths, records = Truths(workflow.survey), {}
    labels = {subject: entry.subject.gold_label for subject, entry in entries.items()}
    gold = {answer.subject_id for _, answers in ballots for answer in answers if labels[answer.subject_id]}
    undone = undone_answers(workflow, [voter.volunteer for voter, _ in ballots], gold) if gold else set()
    for voter, answers in ballots:
        is_lesson = [(voter.volunteer, answer.subject_id) not in undone for answer in answers]
        truth = [truths[labels[answer.subject_id]] for answer in answers]
        given = [
            (answer.answer, true if new else "") for answer, true, new in zip(answers, truth, is_lesson, strict=True)
        ]
        evidence, record = evidence_in_order(workflow.method, voter.record, given)
        for answer, weight in zip(answers, evidence, strict=True):
            answer.is_counted, answer.log_odds_micronats = True, weight if voter.is_trusted else None
        if record != voter.record:
            records[voter.volunteer] = record
    set_records(workflow, records)


def _add(row: Consensus, answers: Sequence[Classification]) -> None:
    """Add answers with evidence to a sum."""
    follow_ups = Counter(row.follow_ups)
    for answer in answers:
        if answer.log_odds_micronats is not None:
            name = VOTE_COLUMNS[answer.answer]
            setattr(row, name, getattr(row, name) + 1)
            row.log_odds_micronats += answer.log_odds_micronats
            follow_ups.update([answer.follow_up] if answer.follow_up else [])
    row.follow_ups = dict(sorted(follow_ups.items()))


def _update(row: Consensus, entry: QueueEntry, taken: int) -> Consensus:
    """Compute a sum's posterior, retirement, and open slots."""
    row.method, row.posterior = row.workflow.method, posterior_of(row, row.workflow)
    _retire(row, entry)
    entry.is_retired = row.is_retired
    if not entry.is_gold:  # any number of people may hold a gold subject
        entry.open_slots = open_slots(row.workflow, row.votes, taken)
    return row


def _retire(row: Consensus, entry: QueueEntry) -> None:
    """Retire or reopen by the votes; gold subjects never retire.

    A person's retirement stays, and that of a subject without pixels, which nobody can look at any more.
    """
    if row.is_retired and (row.retired_reason not in BY_VOTES or entry.subject.pixels_dropped_at is not None):
        return
    reason = "" if entry.is_gold else reason_to_retire(row)
    row.is_retired, row.retired_reason = bool(reason), reason
    row.retired_at = (row.retired_at or timezone.now()) if reason else None
