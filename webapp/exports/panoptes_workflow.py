"""Panoptes workflow export; its tasks: T0 the question, T1 the follow-up, T2 lines along trails."""

import json
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from webapp.classifications.marks import Ends, from_corner
from webapp.classifications.models import Answer, Classification, Mark
from webapp.core.csv_writer import csv_parts
from webapp.queue.models import QueueEntry
from webapp.workflows.models import Workflow

VERSION = (1, 1)
"""A workflow's history is not kept, so there is one version of it, now."""

QUESTION, FOLLOW_UP, LINES = "T0", "T1", "T2"
FOLLOW_UP_QUESTION = "What is it?"
INSTRUCTION = "Mark each trail with a line from end to end."
TRAIL = "Trail"


def follow_ups_of(workflow: Workflow) -> list[str]:
    """Return all follow-ups that the workflow offers, each once, in the order of the answers."""
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
    """Return the JSON of one answer, with the lines that were drawn in a picture `height` pixels high."""
    said = _said(workflow.question, answer, follow_up)
    if not workflow.line_marking:
        return f"[{said}]"
    lines = [{"frame": mark.frame, **_line(mark, height)} for mark in marks]
    return f"[{said},{json.dumps({'task': LINES, 'task_label': INSTRUCTION, 'value': lines}, separators=(',', ':'))}]"


@lru_cache(1000)
def _said(question: str, answer: str, follow_up: str) -> str:
    said = [{"task": QUESTION, "task_label": question, "value": Answer(answer).label}]
    if follow_up:
        said.append({"task": FOLLOW_UP, "task_label": FOLLOW_UP_QUESTION, "value": follow_up})
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))[1:-1]


def _line(mark: Ends, height: int) -> dict[str, Any]:
    ends = dict(zip(("x1", "y1", "x2", "y2"), from_corner(mark, height), strict=True))
    return {"toolIndex": 0, "toolType": "line", **ends, "details": [], "tool_label": TRAIL}


COLUMNS = (
    "workflow_id", "display_name", "version", "active", "classifications_count", "pairwise", "grouped", "prioritized",
    "primary_language", "first_task", "tutorial_subject_id", "retired_set_member_subjects_count", "tasks",
    "retirement", "strings", "minor_version",
)  # fmt: skip


def workflow_export(workflow: Workflow) -> Iterator[bytes]:
    return csv_parts(COLUMNS, [[_row(workflow)]])


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
        # Panoptes' own tools read this as Python, so every value is a string and nothing is escaped in pairs.
        json.dumps(strings, ensure_ascii=False),
        VERSION[1],
    ]
