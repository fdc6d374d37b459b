"""A workflow as Panoptes' tasks: T0 the question, T1 what else it is, T2 the lines along trails."""

import json
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from webapp.review.exchange.geometry import Ends, from_corner
from webapp.volunteers.models import Answer, Mark, Workflow

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
