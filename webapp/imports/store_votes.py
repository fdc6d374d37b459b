"""Store a batch of an import in one transaction, and report what was rejected and why."""

from collections import defaultdict
from collections.abc import Collection, Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self
from uuid import UUID

from django.db import transaction
from django.utils.functional import Promise

from webapp.archive.models import Subject
from webapp.classifications.line_marks import store_lines
from webapp.classifications.models import Classification
from webapp.consensus.apply_votes import apply_votes
from webapp.consensus.locking import ANSWER, Voter, lock_voters
from webapp.core.sql import fetch
from webapp.imports.foreign_record import ONLY_A_PART, Broken, Reason, Record, Row, clean
from webapp.imports.mapping import Choices, Vote, answer_of, volunteers_of, vote_of
from webapp.imports.models import ClassificationImport
from webapp.known_objects.start_match import compare_again
from webapp.queue.entries import lock_entries
from webapp.queue.models import QueueEntry
from webapp.workflows.models import Workflow

EXAMPLES = 5


@dataclass
class Tally:
    """The counts of an import: rows read, answers and lines imported, and skipped ones by reason."""

    done: int = 0
    added: int = 0
    lines: int = 0
    report: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, job: ClassificationImport) -> Self:
        """Resume the counts of an earlier attempt."""
        return cls(job.done, job.added, job.lines, job.report)

    def after(self, rows: int) -> Self:
        """Return a separate tally for another batch, dropped if the batch fails."""
        report = {reason: dict(entry) for reason, entry in self.report.items()}
        return replace(self, done=self.done + rows, report=report)

    def note(self, reason: Reason, row: int, what: str = "") -> None:
        entry = self.report.setdefault(reason.value, {"count": 0, "examples": []})
        entry["count"] += 1
        if len(entry["examples"]) < EXAMPLES:
            entry["examples"] = [*entry["examples"], {"row": row, "what": clean(what)}]

    def fields(self) -> dict[str, Any]:
        """Return the fields of the import's row."""
        counts = {reason: entry["count"] for reason, entry in self.report.items() if reason not in ONLY_A_PART}
        known = counts.pop(Reason.KNOWN.value, 0)
        return {
            "done": self.done,
            "added": self.added,
            "lines": self.lines,
            "known": known,
            "skipped": sum(counts.values()),
            "report": self.report,
        }


@dataclass(frozen=True)
class LeftOut:
    """One reason in words."""

    sentence: str | Promise
    count: int
    examples: list[Mapping[str, Any]]


def left_out(report: Mapping[str, Mapping[str, Any]]) -> list[LeftOut]:
    """Return the reasons for skipped rows, most frequent first."""
    reasons = sorted(report.items(), key=lambda item: -item[1]["count"])
    return [LeftOut(Reason(name).label, entry["count"], entry["examples"]) for name, entry in reasons]


# Of two answers by one person the first stands. Nobody is asked any longer about what they have answered.
STORE = f"""
    WITH ended AS (
        DELETE FROM queue_lease AS lease USING unnest(%(volunteer)s::bigint[], %(entry)s::bigint[]) AS item (who, entry)
        WHERE lease.volunteer_id = item.who AND lease.entry_id = item.entry
    )
    INSERT INTO classifications_classification AS answer (
        id, volunteer_id, workflow_id, subject_id, answer, follow_up, reason, started_at, finished_at, created_at,
        device, viewport, is_counted
    )
    SELECT item.id, item.volunteer, %(workflow)s, entry.subject_id, item.answer, item.follow_up,
        CASE WHEN entry.is_gold THEN 'training' ELSE entry.reason END, item.started_at, item.finished_at,
        least(item.created_at, now()), '', '', false
    FROM unnest(
        %(id)s::uuid[], %(volunteer)s::bigint[], %(entry)s::bigint[], %(answer)s::text[], %(follow_up)s::text[],
        %(started_at)s::timestamptz[], %(finished_at)s::timestamptz[], %(created_at)s::timestamptz[]
    ) WITH ORDINALITY AS item (
        id, volunteer, entry, answer, follow_up, started_at, finished_at, created_at, place
    )
    JOIN queue_queueentry AS entry ON entry.id = item.entry
    ORDER BY item.place
    ON CONFLICT DO NOTHING
    RETURNING {ANSWER.sql}
"""  # noqa: S608  # column names of our own models


def store(
    job: ClassificationImport, choices: Choices, rows: Sequence[Row], own: dict[str, int], before: Tally
) -> Tally:
    """Import a batch of rows, and update the import's position; return its tally.

    Raises LeaseLost or Cancelled: the import belongs to another worker, or was cancelled. Nothing of the batch is
    stored.
    """
    while True:
        try:
            return _store(job, choices, rows, own, before)
        except _HaveMoved as moved:
            for user, account in moved.now.items():
                own.pop(user)
                own |= {} if account is None else {user: account}


@transaction.atomic
def _store(
    job: ClassificationImport, choices: Choices, rows: Sequence[Row], own: dict[str, int], before: Tally
) -> Tally:
    tally = before.after(len(rows))
    workflow = job.workflow
    votes = read_votes(workflow, choices, rows, tally)
    _compare_again(votes)
    people, voters = _locked_people(workflow, choices.source, {vote.record.user for vote in votes}, own)
    entries = lock_entries(workflow, list({vote.subject.pk for vote in votes}))
    new = new_votes(votes, entries, tally)
    stored = _insert(workflow, new, entries, people)
    _store_lines(new, stored, tally)
    _count(workflow, [stored[vote.id] for vote in new if vote.id in stored], voters, entries)
    job.renew(**tally.fields())
    return tally


def read_votes(workflow: Workflow, choices: Choices, rows: Sequence[Row], tally: Tally) -> list[Vote]:
    """Return the rows as votes, noting those without a meaning here."""
    answered: list[tuple[Record, str, str]] = []
    for row in rows:
        if isinstance(row, Broken):
            tally.note(row.reason, row.row, row.what)
            continue
        key, (answer, missing) = row.key(choices.match), answer_of(row, choices)
        if not row.id:
            missing = (Reason.NO_ID, "")
        elif not key:
            missing = (Reason.NO_SUBJECT, choices.match)
        if missing:
            tally.note(missing[0], row.row, missing[1])
        else:
            answered.append((row, key, answer))
    subjects = _subjects(workflow, {key for _, key, _ in answered})
    for row, key, _ in answered:
        if key not in subjects:
            tally.note(Reason.UNKNOWN_SUBJECT, row.row, key)
    return [vote_of(workflow, choices, row, subjects[key], answer) for row, key, answer in answered if key in subjects]


def _compare_again(votes: Sequence[Vote]) -> None:
    """Have the subjects of new lines compared with the known objects again, before anything else is locked."""
    drawn = [vote for vote in votes if vote.lines]
    known = Classification.objects.in_bulk([vote.id for vote in drawn])
    compare_again({vote.subject.pk for vote in drawn if vote.id not in known})


class _HaveMoved(Exception):
    """Volunteers, by name, have joined an account, of this key, or left."""

    def __init__(self, now: dict[str, int | None]) -> None:
        super().__init__(now)
        self.now = now


def _locked_people(
    workflow: Workflow, source: str, users: Collection[str], own: dict[str, int]
) -> tuple[dict[str, int], list[Voter]]:
    """Return a source's volunteers by name, and lock them.

    Raises _HaveMoved: some of the site's `own` are no longer who they were when the import began.
    """
    people = volunteers_of(source, users, own)
    voters = lock_voters(workflow, set(people.values()))
    now = {voter.volunteer: voter.account or voter.volunteer for voter in voters}
    if moved := {user: now.get(pk) for user, pk in people.items() if now.get(pk) != pk}:
        raise _HaveMoved(moved)
    return people, voters


def _subjects(workflow: Workflow, keys: set[str]) -> dict[str, Subject]:
    """Return subjects by external id; for a duplicate, its original, which is the one in the queue."""
    subjects = Subject.objects.filter(survey=workflow.survey_id, external_id__in=keys).select_related("duplicate_of")
    return {subject.external_id: subject.duplicate_of or subject for subject in subjects}


def new_votes(votes: Sequence[Vote], queued: Container[int], tally: Tally) -> list[Vote]:
    """Return the new votes on the `queued` subjects, each once."""
    known = dict(Classification.objects.filter(pk__in=[vote.id for vote in votes]).values_list("pk", "subject"))
    new: list[Vote] = []
    for vote in votes:
        if vote.id in known:
            reason = Reason.KNOWN if known[vote.id] == vote.subject.pk else Reason.OTHER_SUBJECT
            tally.note(reason, vote.record.row, vote.record.id)
        elif vote.subject.pk not in queued:
            tally.note(Reason.NOT_QUEUED, vote.record.row, vote.subject.external_id)
        else:
            known[vote.id] = vote.subject.pk
            new.append(vote)
    return new


def _insert(
    workflow: Workflow, votes: Sequence[Vote], entries: Mapping[int, QueueEntry], people: Mapping[str, int]
) -> dict[UUID, Classification]:
    """Store the votes; return the new ones."""
    parameters: dict[str, Any] = {
        "workflow": workflow.pk,
        "id": [vote.id for vote in votes],
        "volunteer": [people[vote.record.user] for vote in votes],
        "entry": [entries[vote.subject.pk].pk for vote in votes],
        "answer": [vote.answer for vote in votes],
        "follow_up": [vote.follow_up for vote in votes],
        "started_at": [vote.record.started_at for vote in votes],
        "finished_at": [vote.record.finished_at for vote in votes],
        "created_at": [vote.created_at for vote in votes],
    }
    stored = {}
    for row in fetch(STORE, parameters):
        answer = ANSWER.build(row)
        answer.workflow, answer.subject = workflow, entries[answer.subject_id].subject
        stored[answer.pk] = answer
    return stored


def _store_lines(votes: Sequence[Vote], stored: Mapping[UUID, Classification], tally: Tally) -> None:
    """Store the lines of new votes, and count both."""
    came_in = [vote for vote in votes if vote.id in stored]
    store_lines({stored[vote.id]: vote.lines for vote in came_in})
    tally.added += len(came_in)
    tally.lines += sum(len(vote.lines) for vote in came_in)
    for vote in votes:
        if vote.id not in stored:
            tally.note(Reason.ANSWERED, vote.record.row, vote.subject.external_id)
            continue
        for reason, what in vote.noted:
            tally.note(reason, vote.record.row, what)


def _count(
    workflow: Workflow, answers: Sequence[Classification], voters: Sequence[Voter], entries: Mapping[int, QueueEntry]
) -> None:
    """Count the answers immediately, in the order of the file, since they can't be undone here."""
    of_voter: dict[int, list[Classification]] = defaultdict(list)
    for answer in answers:
        of_voter[answer.volunteer_id].append(answer)
    ballots = [(voter, of_voter[voter.volunteer]) for voter in voters if voter.volunteer in of_voter]
    if ballots:
        apply_votes(workflow, ballots, {answer.subject_id: entries[answer.subject_id] for answer in answers})
