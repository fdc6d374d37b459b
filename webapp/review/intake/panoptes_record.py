"""What a row of a Panoptes export says, of the old classifier and of the new one."""

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from webapp.review.exchange.geometry import Drawn
from webapp.review.intake.reasons import Reason
from webapp.review.intake.record import Broken, Record, Row, clean, moment

ENDS = ("x1", "y1", "x2", "y2")


def panoptes_record(number: int, row: Mapping[str, str]) -> Row:
    try:
        annotations = json.loads(row["annotations"] or "[]")
    except (ValueError, RecursionError):
        return Broken(number, Reason.UNREADABLE, "its annotations are not JSON")
    if not isinstance(annotations, list):
        return Broken(number, Reason.UNREADABLE, "its annotations are no list")
    about = _object(row.get("metadata"))
    drawn = _Drawing(about.get("subject_dimensions"))
    answers: dict[str, tuple[str, ...]] = {}
    for task, value in _values(annotations):
        said = tuple(drawn.others(task, value))
        answers[task] = answers.get(task, ()) + said
    return Record(
        row=number,
        id=clean(row["classification_id"]),
        user=clean(row["user_name"]),
        subject=clean(row["subject_ids"]),
        metadata=_metadata(row),
        answers=answers,
        lines={task: tuple(lines) for task, lines in drawn.lines.items()},
        shapes={task: tuple(shapes) for task, shapes in drawn.shapes.items()},
        created_at=moment(row.get("created_at")),
        started_at=moment(about.get("started_at")),
        finished_at=moment(about.get("finished_at")),
    )


def vote_record(number: int, row: Mapping[str, str], tasks: Sequence[str]) -> Record:
    """Read a row of a plain list of votes, whose columns of answers are `tasks`."""
    return Record(
        row=number,
        id=clean(row["classification_id"]),
        user=clean(row["user_name"]),
        subject=clean(row["subject_ids"]),
        metadata=_metadata(row),
        answers={task: (clean(row[task]),) for task in tasks if row[task].strip()},
        created_at=moment(row.get("created_at")),
    )


def _metadata(row: Mapping[str, str]) -> dict[str, Any]:
    said = _object(row.get("subject_data"))
    found = said.get(row["subject_ids"].strip())
    return found if isinstance(found, dict) else {}


def _object(text: str | None) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _values(annotations: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    """Yield task and value, with those of combined tasks taken apart."""
    for each in annotations:
        if not isinstance(each, dict) or "task" not in each:
            continue
        value = each.get("value")
        if isinstance(value, list) and any(isinstance(part, dict) and "task" in part for part in value):
            yield from _values(value)
        else:
            yield clean(each["task"]), value


class _Drawing:
    """Sorts values: lines here, other shapes there; what remains was chosen and not drawn."""

    def __init__(self, dimensions: Any) -> None:
        self.dimensions = dimensions if isinstance(dimensions, list) else []
        self.lines: dict[str, list[Drawn]] = defaultdict(list)
        self.shapes: dict[str, list[str]] = defaultdict(list)

    def others(self, task: str, value: Any) -> Iterator[str]:
        """Keep what was drawn, and yield the labels of the rest."""
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, dict) and "choice" in part:
                yield clean(part["choice"])
            elif isinstance(part, dict):
                self._keep(task, part)
            elif part is not None and not isinstance(part, list):
                yield clean(part)

    def _keep(self, task: str, part: Mapping[str, Any]) -> None:
        if not all(name in part for name in ENDS):
            if {"tool", "toolIndex", "x"} & part.keys():
                self.shapes[task].append(clean(part.get("toolType") or part.get("tool_label") or "a shape"))
            return
        frame = part.get("frame")
        place = frame if isinstance(frame, int) and 0 <= frame < 2**15 else 0
        x1, y1, x2, y2 = (_number(part[name]) for name in ENDS)
        width, height = self._size(place)
        self.lines[task].append(Drawn(x1, y1, x2, y2, place, width, height))

    def _size(self, frame: int) -> tuple[float | None, float | None]:
        """Return the size of the picture that was drawn on, where the row tells it."""
        said = self.dimensions[frame] if frame < len(self.dimensions) else None
        if not isinstance(said, dict):
            return None, None
        width, height = _number(said.get("naturalWidth")), _number(said.get("naturalHeight"))
        return (width, height) if width > 0 and height > 0 else (None, None)


def _number(value: Any) -> float:
    """Return the number, and NaN for what is none."""
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan
