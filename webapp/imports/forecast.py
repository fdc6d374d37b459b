"""What an import would do with the rows of a preview, counted without storing anything."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from webapp.classifications.models import Classification
from webapp.imports.foreign_record import Reason
from webapp.imports.inspect import ROWS, read_classifications
from webapp.imports.mapping import Choices, Vote, known_volunteers, own_people
from webapp.imports.store_votes import LeftOut, Tally, left_out, new_votes, read_votes
from webapp.queue.models import QueueEntry
from webapp.workflows.models import Workflow


@dataclass(frozen=True)
class Forecast:
    """How many of the rows would be imported, are there already, or would be skipped, and why."""

    added: int
    known: int
    skipped: int
    reasons: list[LeftOut]


def forecast_import(workflow: Workflow, path: Path, choices: Choices) -> Forecast:
    """Judge the first rows of a file as the import would, as one batch."""
    tally = Tally()
    votes = read_votes(workflow, choices, list(islice(read_classifications(path), ROWS)), tally)
    asked = QueueEntry.objects.filter(workflow=workflow, subject__in={vote.subject.pk for vote in votes})
    new = new_votes(votes, set(asked.values_list("subject", flat=True)), tally)
    tally.added = _first_answers(workflow, choices, new, tally)
    counts = tally.fields()
    return Forecast(tally.added, counts["known"], counts["skipped"], left_out(tally.report))


def _first_answers(workflow: Workflow, choices: Choices, votes: Sequence[Vote], tally: Tally) -> int:
    """Count the votes of people who have not answered the subject yet; note the others."""
    users = {vote.record.user for vote in votes}
    people = known_volunteers(choices.source, users, own_people(workflow))
    which = {"volunteer__in": people.values(), "subject__in": {vote.subject.pk for vote in votes}}
    answers = Classification.objects.standing().filter(workflow=workflow, **which)
    answered: set[tuple[int | str, int]] = set(answers.values_list("volunteer", "subject"))
    added = 0
    for vote in votes:
        answer = (people.get(vote.record.user, vote.record.user), vote.subject.pk)
        if answer in answered:
            tally.note(Reason.ANSWERED, vote.record.row, vote.subject.external_id)
            continue
        answered.add(answer)
        added += 1
    return added
