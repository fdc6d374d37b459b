"""Panoptes exports: workflow with its tasks (T0 question, T1 follow-up, T2 lines), subjects, classifications."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any
from uuid import UUID

from ml.crowd.answer import Answer
from webapp.archive.models import SubjectSet
from webapp.classifications.line_marks import Ends, from_corner
from webapp.classifications.models import Classification, Mark, Reason
from webapp.core.csv_writer import csv_parts, moment
from webapp.exports.classification_rows import CountedAnswer, Facts, answers, facts_of, queued
from webapp.queue.models import QueueEntry
from webapp.volunteers.identity import pseudonym
from webapp.workflows.models import Workflow

VERSION = (1, 1)
"""The only version: a workflow's history is not kept."""

QUESTION, FOLLOW_UP, LINES = "T0", "T1", "T2"
FOLLOW_UP_QUESTION = "What is it?"
INSTRUCTION = "Mark each trail with a line from end to end."
TRAIL = "Trail"


def follow_ups_of(workflow: Workflow) -> list[str]:
    """Return all follow-ups of the workflow, each once, in the order of the answers."""
    return list(dict.fromkeys(label for answer in Answer for label in workflow.offered(answer)))


def tasks_of(workflow: Workflow) -> tuple[dict[str, Any], dict[str, str]]:
    """Return Panoptes' `tasks` and `strings` for the workflow."""
    follow_ups = follow_ups_of(workflow)
    after = LINES if workflow.line_marking else None
    tasks: dict[str, Any] = {
        QUESTION: _question(QUESTION, [FOLLOW_UP if workflow.offered(answer) else after for answer in Answer])
    }
    strings = _strings(QUESTION, workflow.question, workflow.help_text, [answer.label for answer in Answer])
    if follow_ups:
        tasks[FOLLOW_UP] = _question(FOLLOW_UP, [after] * len(follow_ups))
        strings |= _strings(FOLLOW_UP, FOLLOW_UP_QUESTION, "", follow_ups)
    if workflow.line_marking:
        tasks[LINES] = _drawing()
        strings |= {f"{LINES}.help": "", f"{LINES}.instruction": INSTRUCTION, f"{LINES}.tools.0.label": TRAIL}
    return tasks, strings


def _question(task: str, after: Iterable[str | None]) -> dict[str, Any]:
    answers = [
        {"label": f"{task}.answers.{place}.label"} | ({"next": following} if following else {})
        for place, following in enumerate(after)
    ]
    required = {"required": "true"} if task == QUESTION else {}
    return {
        "help": f"{task}.help", "type": "single", "answers": answers, "question": f"{task}.question", **required
    }  # fmt: skip


def _strings(task: str, question: str, help_text: str, labels: Iterable[str]) -> dict[str, str]:
    answers = {f"{task}.answers.{place}.label": label for place, label in enumerate(labels)}
    return {f"{task}.help": help_text, f"{task}.question": question, **answers}


def _drawing() -> dict[str, Any]:
    tool = {"type": "line", "color": "#ff0000", "label": f"{LINES}.tools.0.label", "details": []}
    return {"help": f"{LINES}.help", "type": "drawing", "tools": [tool], "instruction": f"{LINES}.instruction"}


def annotations(workflow: Workflow, answer: str, follow_up: str, marks: Iterable[Mark], height: int) -> str:
    """Return the JSON of one answer, with its lines in a picture `height` pixels high."""
    tasks = _answer_tasks(workflow.question, answer, follow_up)
    if not workflow.line_marking:
        return f"[{tasks}]"
    lines = [{"frame": mark.frame, **_line(mark, height)} for mark in marks]
    return f"[{tasks},{json.dumps({'task': LINES, 'task_label': INSTRUCTION, 'value': lines}, separators=(',', ':'))}]"


@lru_cache(1000)
def _answer_tasks(question: str, answer: str, follow_up: str) -> str:
    tasks = [{"task": QUESTION, "task_label": question, "value": Answer(answer).label}]
    if follow_up:
        tasks.append({"task": FOLLOW_UP, "task_label": FOLLOW_UP_QUESTION, "value": follow_up})
    return json.dumps(tasks, ensure_ascii=False, separators=(",", ":"))[1:-1]


def _line(mark: Ends, height: int) -> dict[str, Any]:
    ends = dict(zip(("x1", "y1", "x2", "y2"), from_corner(mark, height), strict=True))
    return {"toolIndex": 0, "toolType": "line", **ends, "details": [], "tool_label": TRAIL}


WORKFLOW_COLUMNS = (
    "workflow_id", "display_name", "version", "active", "classifications_count", "pairwise", "grouped", "prioritized",
    "primary_language", "first_task", "tutorial_subject_id", "retired_set_member_subjects_count", "tasks",
    "retirement", "strings", "minor_version",
)  # fmt: skip


def workflow_export(workflow: Workflow) -> Iterator[bytes]:
    return csv_parts(WORKFLOW_COLUMNS, [[_row(workflow)]])


def _row(workflow: Workflow) -> list[object]:
    tasks, strings = tasks_of(workflow)
    retirement = {"criteria": "classification_count", "options": {"count": workflow.max_votes}}
    return [
        workflow.pk,
        workflow.name,
        VERSION[0],
        str(workflow.is_active).lower(),
        Classification.objects.counted().filter(workflow=workflow).count(),
        "false",
        "false",
        "false",
        "en",
        QUESTION,
        "",
        QueueEntry.objects.filter(workflow=workflow, is_retired=True).count(),
        json.dumps(tasks),
        json.dumps(retirement),
        # Panoptes' own tools parse this as Python, so every value is a string, without surrogate pairs.
        json.dumps(strings, ensure_ascii=False),
        VERSION[1],
    ]


SUBJECT_COLUMNS = (
    "subject_id", "project_id", "workflow_id", "subject_set_id", "metadata", "locations", "classifications_count",
    "retired_at", "retirement_reason", "created_at", "updated_at",
)  # fmt: skip


def subject_export(workflow: Workflow, address: str) -> Iterator[bytes]:
    return csv_parts(SUBJECT_COLUMNS, (_subject_rows(workflow, page, address) for page in queued(workflow)))


def _subject_rows(workflow: Workflow, page: Sequence[int], address: str) -> Iterator[Sequence[Any]]:
    facts, sets = facts_of(workflow, page), _sets(workflow, page)
    for pk in page:
        subject, row = facts[pk].subject, facts[pk].consensus
        retired = row is not None and row.is_retired
        about = (
            json.dumps(facts[pk].metadata(), ensure_ascii=False),
            json.dumps({str(place): url for place, url in enumerate(facts[pk].pictures(address))}),
            row.votes if row else 0,
            moment(row.retired_at) if row and retired else "",
            row.retired_reason if row and retired else "",
            moment(subject.created_at),
            moment(row.updated_at if row else subject.created_at),
        )
        for of in sets.get(pk, [None]):
            yield (pk, subject.survey_id, workflow.pk, of, *about)


def _sets(workflow: Workflow, page: Sequence[int]) -> dict[int, list[int | None]]:
    """Return by subject the workflow's sets that contain it."""
    members = SubjectSet.subjects.through.objects.filter(subject__in=page, subjectset__workflows=workflow)
    set_ids: dict[int, list[int | None]] = defaultdict(list)
    for subject, of in members.order_by("subjectset").values_list("subject", "subjectset"):
        set_ids[subject].append(of)
    return set_ids


def classification_number(pk: UUID) -> int:
    """Return a 63-bit number for this id, the same on every site.

    The chance of a collision among a million ids is one in ten million.
    """
    return int.from_bytes(blake2b(pk.bytes, digest_size=8).digest(), "big") >> 1


CLASSIFICATION_COLUMNS = (
    "classification_id", "user_name", "user_id", "user_ip", "workflow_id", "workflow_name", "workflow_version",
    "created_at", "gold_standard", "expert", "metadata", "annotations", "subject_data", "subject_ids",
)  # fmt: skip


def classification_export(workflow: Workflow) -> Iterator[bytes]:
    return csv_parts(CLASSIFICATION_COLUMNS, (_classification_rows(workflow, page) for page in answers(workflow)))


def _classification_rows(workflow: Workflow, page: Sequence[CountedAnswer]) -> Iterator[Sequence[Any]]:
    facts = facts_of(workflow, {given.subject for given in page})
    known = {pk: (subject_data(each), each.size) for pk, each in facts.items()}
    marks = marks_of(workflow, [given.id for given in page])
    about = workflow.pk, workflow.name, "{}.{}".format(*VERSION)
    for given in page:
        who = pseudonym(given.volunteer, given.has_account)
        said, size = known[given.subject]
        yield (
            classification_number(given.id),
            who.user_name,
            who.user_id,
            who.user_ip,
            *about,
            f"{given.created_at[:10]} {given.created_at[11:19]} UTC",
            "",
            "",
            _metadata(given, size),
            annotations(workflow, given.answer, given.follow_up, marks.get(given.id, ()), size[2]),
            said,
            given.subject,
        )


def subject_data(facts: Facts) -> str:
    """Return Panoptes' subject data of a classification: retirement and metadata."""
    return json.dumps({str(facts.subject.pk): {"retired": facts.retired(), **facts.metadata()}}, ensure_ascii=False)


def marks_of(workflow: Workflow, given: Iterable[UUID]) -> dict[UUID, list[Mark]]:
    """Return the lines of some answers, in drawing order; a no has none."""
    drawn: dict[UUID, list[Mark]] = defaultdict(list)
    if workflow.line_marking:
        marks = Mark.objects.standing().filter(classification__in=list(given))
        for mark in marks.order_by("classification", "position"):
            drawn[mark.classification_id].append(mark)
    return drawn


def _metadata(given: CountedAnswer, size: tuple[int, int, int]) -> str:
    metadata: dict[str, Any] = {
        "source": "wanderers",
        "viewport": _viewport(given.viewport),
        "started_at": given.started_at,
        "finished_at": given.finished_at,
        "live_project": True,
        "classifier_version": "2.0",
        "device": given.device,
        "frames_seen": given.frames_seen,
        "training": given.reason == Reason.TRAINING,
        "weighs": given.weighs,
    }
    known = {name: value for name, value in metadata.items() if value not in (None, "")}
    return f'{json.dumps(known)[:-1]}, "subject_dimensions": {_dimensions(*size)}}}'


@lru_cache(1000)
def _viewport(text: str) -> dict[str, int] | None:
    width, _, height = text.partition("x")
    return {"width": int(width), "height": int(height)} if width.isdecimal() and height.isdecimal() else None


@lru_cache(1000)
def _dimensions(frames: int, width: int, height: int) -> str:
    return json.dumps([{"naturalWidth": width, "naturalHeight": height}] * frames)
