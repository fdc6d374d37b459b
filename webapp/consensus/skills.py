"""Skills: volunteers' confusion counts on gold subjects, updated as votes are counted; and their history."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from django.db.models import Count, Exists, F, OuterRef, QuerySet
from django.db.models.functions import Greatest
from numpy.typing import NDArray

from ml.crowd.answer import CLASSES
from webapp.archive.models import Subject, Survey
from webapp.classifications.models import Classification
from webapp.consensus.evidence import NEWCOMER, Counts, Proportion, proportion_of, skill_of
from webapp.consensus.models import CELLS, Skill, cell_of
from webapp.core.sql import execute, fetch
from webapp.volunteers.models import Volunteer
from webapp.workflows.models import Workflow

SET = f"""
    INSERT INTO consensus_skill AS known (volunteer_id, workflow_id, {", ".join(CELLS)}, updated_at)
    SELECT record.volunteer, %(workflow)s, {", ".join(f"record.{cell}" for cell in CELLS)}, now()
    FROM unnest((SELECT %(volunteer)s::bigint[]), {", ".join(f"%({cell})s::int[]" for cell in CELLS)})
        AS record (volunteer, {", ".join(CELLS)})
    WHERE {" + ".join(f"record.{cell}" for cell in CELLS)} > 0 OR EXISTS (
        SELECT FROM consensus_skill AS known
        WHERE known.volunteer_id = record.volunteer AND known.workflow_id = %(workflow)s
    )
    ON CONFLICT (volunteer_id, workflow_id) DO UPDATE
    SET {", ".join(f"{cell} = excluded.{cell}" for cell in CELLS)}, updated_at = now()
    WHERE ({", ".join(f"known.{cell}" for cell in CELLS)}) <> ({", ".join(f"excluded.{cell}" for cell in CELLS)})
"""  # noqa: S608  # the names are constants

# A revision number, so that a change during recomputing is not missed.
STALE = """
    INSERT INTO consensus_skill AS known (volunteer_id, workflow_id, revision, updated_at)
    SELECT id, %(workflow)s, 1, now() FROM unnest(%(volunteer)s::bigint[]) AS voter (id) ORDER BY id
    ON CONFLICT (volunteer_id, workflow_id) DO UPDATE SET revision = known.revision + 1
"""

UNDONE = """
    SELECT DISTINCT volunteer_id, subject_id FROM classifications_classification
    WHERE workflow_id = %(workflow)s AND volunteer_id = ANY(%(volunteers)s) AND withdrawn_at IS NOT NULL
        AND (%(subjects)s::bigint[] IS NULL OR subject_id = ANY(%(subjects)s))
"""


def set_records(workflow: Workflow, records: dict[int, Counts]) -> None:
    """Write the records of volunteers, whose rows are locked (`webapp.consensus.locking`)."""
    if records:
        columns = zip(CELLS, zip(*records.values(), strict=True), strict=True)
        cells = {cell: list(counts) for cell, counts in columns}
        execute(SET, {"workflow": workflow.pk, "volunteer": list(records), **cells})


def mean_skill(workflow: Workflow) -> NDArray[np.float64]:
    """Return P(answer | class) of a volunteer about whom nothing is known but the workflow, shape (2, A), "no" first.

    The mean over trusted volunteers with a record; a newcomer's if there is none.
    """
    known = Skill.objects.filter(workflow=workflow, is_trusted=True).values_list(*CELLS)
    records = list(known.annotate(n=Count("pk")).order_by()) or [(*NEWCOMER, 1)]
    matrices = np.array([skill_of(workflow.method, tuple(counts)).matrix for *counts, _ in records])
    return np.average(matrices, axis=0, weights=[n for *_, n in records])


def counted_truth(answer: Classification) -> str:
    """Return the truth with which a counted answer entered the record; an empty string if none."""
    if not answer.subject.gold_label or undone_answers(answer.workflow, [answer.volunteer_id], [answer.subject_id]):
        return ""
    return Truths(answer.workflow.survey)[answer.subject.gold_label]


def unlearn(answer: Classification, truth: str) -> None:
    """Remove an undone answer from its volunteer's record, and mark later answers for recomputing.

    If the record never included it, since the truth came after the answer had counted, recomputing corrects that.
    """
    record = Skill.objects.filter(volunteer=answer.volunteer_id, workflow=answer.workflow_id)
    cell = cell_of(truth, answer.answer)
    record.update(**{cell: Greatest(F(cell) - 1, 0), "revision": F("revision") + 1})


def mark_stale(workflow: Workflow, volunteers: Iterable[int]) -> None:
    """Mark these volunteers' earlier answers for recomputing; `webapp.consensus.recompute` does it."""
    whose = sorted(set(volunteers))
    if whose:
        execute(STALE, {"workflow": workflow.pk, "volunteer": whose})


def truth_changed(subjects: Collection[int]) -> None:
    """Mark volunteers who answered subjects whose gold label was just set or removed, or is about to be.

    Lock the subjects' queue entries first (`lock_in_all_workflows`). Whoever changes many subjects one by one calls it
    for all of them at first: skills are locked workflow by workflow, and volunteer by volunteer.
    """
    answers = Classification.objects.counted().filter(subject__in=subjects)
    for workflow in Workflow.objects.filter(Exists(answers.filter(workflow=OuterRef("pk")))).order_by("pk"):
        mark_stale(workflow, answers.filter(workflow=workflow).values_list("volunteer", flat=True).distinct())


def undone_answers(
    workflow: Workflow, volunteers: Collection[int], subjects: Collection[int] | None = None
) -> set[tuple[int, int]]:
    """Return (volunteer, subject) of all undone answers, on these subjects or any.

    Undoing an answer to a training subject reveals the truth, so the next answer says nothing about skill.
    """
    which = {"volunteers": list(volunteers), "subjects": None if subjects is None else list(subjects)}
    return {(who, what) for who, what in fetch(UNDONE, {"workflow": workflow.pk, **which})}


class Truths(dict[str, str]):
    """The side, yes or no, of each gold label of a survey; empty for no label.

    A class that the survey did not have when it was loaded is looked up: a subject may have become its example since.
    """

    def __init__(self, survey: Survey) -> None:
        self.survey = survey

    def __missing__(self, label: str) -> str:
        if label not in ("", *CLASSES, *self.survey.classes):
            self.survey.refresh_from_db(fields=["classes", "positive"])
        self[label] = truth = Subject(survey=self.survey, gold_label=label).gold_answer()
        return truth


def gold_answers(workflow: Workflow) -> QuerySet[Classification]:
    """Return the standing answers to gold subjects, except those that replaced an undone one."""
    undone = Classification.objects.filter(
        volunteer=OuterRef("volunteer"), workflow=workflow, subject=OuterRef("subject"), withdrawn_at__isnull=False
    )
    answers = Classification.objects.counted().filter(workflow=workflow)
    return answers.exclude(subject__gold_label="").filter(~Exists(undone))


WINDOW = 50
"""Number of training subjects in one point of the curve."""

POINTS = 40


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer to a training subject: time, true class and side, and the answer."""

    at: datetime
    label: str
    truth: str
    answer: str


@dataclass(frozen=True, slots=True)
class Point:
    """Statistics of the last `WINDOW` training subjects up to one of them."""

    n: int
    at: datetime
    sensitivity: Proportion
    specificity: Proportion


@dataclass(frozen=True, slots=True)
class Confused:
    """A class, how often it was seen, and how often answered wrongly or unsure."""

    label: str
    truth: str
    n: int
    wrong: Proportion
    undecided: int


def answered_by(volunteer: Volunteer, workflow: Workflow) -> list[Answered]:
    """Return the volunteer's answers to training subjects that count for skill, oldest first."""
    rows = gold_answers(workflow).filter(volunteer=volunteer).order_by("created_at", "finished_at", "pk")
    return [
        Answered(at, label, Subject(survey=workflow.survey, gold_label=label).gold_answer(), answer)
        for at, label, answer in rows.values_list("created_at", "subject__gold_label", "answer")
    ]


def sensitivity_of(answers: list[Answered]) -> Proportion:
    """Return the fraction of real ones that were recognised; abstentions count neither way."""
    return _recognised(answers, "yes")


def specificity_of(answers: list[Answered]) -> Proportion:
    """Return the fraction of bogus ones that were recognised; abstentions count neither way."""
    return _recognised(answers, "no")


def over_time(answers: list[Answered]) -> list[Point]:
    """Return at most `POINTS` points, evenly spaced, ending with the newest answer."""
    n = len(answers)
    ends = sorted({max(1, round(n * (place + 1) / POINTS)) for place in range(POINTS)}) if n else []
    return [_point(answers, end) for end in ends]


def most_confused(answers: list[Answered], most: int = 8) -> list[Confused]:
    """Return the classes with at least one wrong answer, most often confused first."""
    totals = Counter((each.label, each.truth) for each in answers)
    wrong = Counter(each.label for each in answers if each.answer != each.truth and each.answer in CLASSES)
    undecided = Counter(each.label for each in answers if each.answer not in CLASSES)
    rows = [
        Confused(label, truth, n, proportion_of(wrong[label], n - undecided[label]), undecided[label])
        for (label, truth), n in totals.items()
        if wrong[label]
    ]
    return sorted(rows, key=lambda row: (-(row.wrong.value or 0), -row.n, row.label))[:most]


def _recognised(answers: list[Answered], truth: str) -> Proportion:
    decided = [each.answer for each in answers if each.truth == truth and each.answer in CLASSES]
    return proportion_of(decided.count(truth), len(decided))


def _point(answers: list[Answered], end: int) -> Point:
    window = answers[max(0, end - WINDOW) : end]
    return Point(end, answers[end - 1].at, sensitivity_of(window), specificity_of(window))
