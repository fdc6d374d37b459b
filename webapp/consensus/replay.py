"""Weigh answers anew: go through everybody's in the order in which they counted, by what is known of the truth now."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, F, OuterRef

from webapp.consensus.models import Skill
from webapp.consensus.skill import Truths, set_records, told
from webapp.consensus.standing import lock_volunteers
from webapp.consensus.weigh import NEWCOMER, Counts, weigh_in_order
from webapp.core.sql import execute, fetch
from webapp.volunteers.models import Classification, Workflow

VOTES = 50_000

# Answers without a place are of before places were given, or were imported: they come in the order of their times.
READ = """
    SELECT answer.volunteer_id, answer.id, answer.answer, answer.subject_id, subject.gold_label, answer.position,
        answer.evidence
    FROM volunteers_classification AS answer JOIN archive_subject AS subject ON subject.id = answer.subject_id
    WHERE answer.workflow_id = %(workflow)s AND answer.volunteer_id = ANY(%(volunteers)s)
        AND answer.withdrawn_at IS NULL AND answer.is_counted
    ORDER BY answer.volunteer_id, answer.position, answer.created_at, answer.id
"""
WRITE = """
    WITH numbered AS MATERIALIZED (
        SELECT id, evidence, CASE WHEN place IS NULL THEN nextval('volunteers_position') ELSE place END AS position
        FROM unnest(%(id)s::uuid[], %(evidence)s::bigint[], %(position)s::bigint[]) AS row (id, evidence, place)
    )
    UPDATE volunteers_classification AS answer SET evidence = numbered.evidence, position = numbered.position
    FROM numbered WHERE answer.id = numbered.id
"""


def replay_everybody(workflow: Workflow, report: Callable[[int], Any] = lambda votes: None) -> None:
    """Weigh all answers in a workflow anew, volunteers in batches; `report` hears how many votes each batch held."""
    for votes, volunteers in _batches(workflow):
        replay(workflow, volunteers)
        report(votes)
    nobody = Skill.objects.filter(workflow=workflow, is_trusted=True, stale=F("weighed"))
    counted = Classification.objects.counted().filter(workflow=workflow, volunteer=OuterRef("volunteer"))
    nobody.exclude(Exists(counted)).delete()


@transaction.atomic
def replay(workflow: Workflow, volunteers: Collection[int]) -> None:
    """Weigh all answers of some volunteers anew, and count their records; the sums of their subjects stay as they are.

    Bring those up to date afterwards (`refresh`).
    """
    lock_volunteers(volunteers)
    truths, records = Truths(workflow.survey), dict.fromkeys(volunteers, NEWCOMER)
    undone = told(workflow, volunteers)
    suspect = set(Skill.objects.filter(workflow=workflow, is_trusted=False).values_list("volunteer", flat=True))
    changed: list[tuple[Any, int | None, int | None]] = []
    rows = fetch(READ, {"workflow": workflow.pk, "volunteers": list(volunteers)})
    for who, answers in groupby(rows, key=itemgetter(0)):
        records[who] = _replay_one(workflow, list(answers), truths, undone, who not in suspect, changed)
    if changed:
        ids, evidence, positions = map(list, zip(*changed, strict=True))
        execute(WRITE, {"id": ids, "evidence": evidence, "position": positions})
    set_records(workflow, dict(sorted(records.items())))


def evidence_under(workflow: Workflow) -> dict[int, int]:
    """Return the evidence on each subject as the workflow's method, saved or not, would have it. Nothing is written."""
    truths, sums = Truths(workflow.survey), Counter[int]()
    suspect = set(Skill.objects.filter(workflow=workflow, is_trusted=False).values_list("volunteer", flat=True))
    for _, volunteers in _batches(workflow):
        trusted = [who for who in volunteers if who not in suspect]
        undone = told(workflow, trusted)
        for _, group in groupby(fetch(READ, {"workflow": workflow.pk, "volunteers": trusted}), key=itemgetter(0)):
            answers = list(group)
            weights = weigh_in_order(workflow.method, NEWCOMER, _given(answers, truths, undone))[0]
            for (_, _, _, subject, *_), weight in zip(answers, weights, strict=True):
                sums[subject] += weight
    return sums


def _given(answers: list[tuple[Any, ...]], truths: Truths, undone: set[tuple[int, int]]) -> list[tuple[str, str]]:
    """Return answers, each with the truth that it teaches from, if any."""
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
    """Weigh one volunteer's answers; append those that weigh something else now, and return the record."""
    evidence, record = weigh_in_order(workflow.method, NEWCOMER, _given(answers, truths, undone))
    for (_, pk, _, _, _, position, before), weight in zip(answers, evidence, strict=True):
        now = weight if is_trusted else None
        if position is None or now != before:
            changed.append((pk, now, position))
    return record


def _batches(workflow: Workflow) -> Iterator[tuple[int, list[int]]]:
    """Yield volunteers whose answers are about `VOTES` together, and how many answers that is."""
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
