"""Reader of CSV: Panoptes classification exports (old and new classifier) and plain lists of votes."""

import csv
import json
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ml.io.safe_csv import BoundedRows
from ml.io.utf8_text import line_not_utf8
from webapp.classifications.line_marks import CornerLine
from webapp.imports.foreign_record import (
    COLUMN_TWICE,
    NO_COLUMN,
    NO_CSV,
    NOT_UTF8,
    BadFile,
    Broken,
    Reason,
    Record,
    Row,
    clean,
    parse_moment,
)

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
        created_at=parse_moment(row.get("created_at")),
        started_at=parse_moment(about.get("started_at")),
        finished_at=parse_moment(about.get("finished_at")),
    )


def vote_record(number: int, row: Mapping[str, str], tasks: Sequence[str]) -> Record:
    """Read a row of a plain list of votes with the answer columns `tasks`."""
    return Record(
        row=number,
        id=clean(row["classification_id"]),
        user=clean(row["user_name"]),
        subject=clean(row["subject_ids"]),
        metadata=_metadata(row),
        answers={task: (clean(row[task]),) for task in tasks if row[task].strip()},
        created_at=parse_moment(row.get("created_at")),
    )


def _metadata(row: Mapping[str, str]) -> dict[str, Any]:
    subject_data = _object(row.get("subject_data"))
    metadata = subject_data.get(row["subject_ids"].strip())
    return metadata if isinstance(metadata, dict) else {}


def _object(text: str | None) -> dict[str, Any]:
    try:
        parsed = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _values(annotations: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    """Yield task and value, splitting combined tasks."""
    for each in annotations:
        if not isinstance(each, dict) or "task" not in each:
            continue
        value = each.get("value")
        if isinstance(value, list) and any(isinstance(part, dict) and "task" in part for part in value):
            yield from _values(value)
        else:
            yield clean(each["task"]), value


class _Drawing:
    """Sorts values into lines, other shapes, and choices."""

    def __init__(self, dimensions: Any) -> None:
        self.dimensions = dimensions if isinstance(dimensions, list) else []
        self.lines: dict[str, list[CornerLine]] = defaultdict(list)
        self.shapes: dict[str, list[str]] = defaultdict(list)

    def others(self, task: str, value: Any) -> Iterator[str]:
        """Collect drawn values, and yield the labels of the rest."""
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, dict) and "choice" in part:
                yield clean(part["choice"])
            elif isinstance(part, dict):
                self._add_drawn(task, part)
            elif part is not None and not isinstance(part, list):
                yield clean(part)

    def _add_drawn(self, task: str, part: Mapping[str, Any]) -> None:
        if not all(name in part for name in ENDS):
            if {"tool", "toolIndex", "x"} & part.keys():
                self.shapes[task].append(clean(part.get("toolType") or part.get("tool_label") or "a shape"))
            return
        frame = part.get("frame")
        place = frame if isinstance(frame, int) and 0 <= frame < 2**15 else 0
        x1, y1, x2, y2 = (_number(part[name]) for name in ENDS)
        width, height = self._size(place)
        self.lines[task].append(CornerLine(x1, y1, x2, y2, place, width, height))

    def _size(self, frame: int) -> tuple[float | None, float | None]:
        """Return the size of the picture, if the row has it."""
        dimensions = self.dimensions[frame] if frame < len(self.dimensions) else None
        if not isinstance(dimensions, dict):
            return None, None
        width, height = _number(dimensions.get("naturalWidth")), _number(dimensions.get("naturalHeight"))
        return (width, height) if width > 0 and height > 0 else (None, None)


def _number(value: Any) -> float:
    """Return the number, NaN if it is not one."""
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan


LARGEST_CELL = 16 * 2**20
LONGEST_ROW = 2 * LARGEST_CELL
NEEDED = ("classification_id", "user_name", "subject_ids")
NOT_ANSWERS = {
    *NEEDED, "row_id", "user_id", "user_ip", "workflow_id", "workflow_name", "workflow_version", "created_at",
    "gold_standard", "expert", "metadata", "subject_data", "",
}  # fmt: skip

csv.field_size_limit(LARGEST_CELL)  # annotations of many marks are longer than the 128 kB that Python allows


def read_csv(path: Path) -> Iterator[Row]:
    """Yield the rows of a file, each as a record or as its error.

    Raises BadFile: it is not a CSV in UTF-8, or lacks a required column.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = BoundedRows(file, LONGEST_ROW, strict=True)
            header = next(rows, [])
            _check(header, path)
            tasks = [name for name in header if name not in NOT_ANSWERS]
            for number, cells in enumerate(rows, 1):
                yield _row(number, header, cells, tasks)
    except UnicodeDecodeError as error:
        raise BadFile(NOT_UTF8(file=path.name, line=line_not_utf8(path))) from error
    except csv.Error as error:
        raise BadFile(NO_CSV(file=path.name, error=error, line=rows.line_num)) from error


def is_panoptes(start: bytes) -> bool:
    """Tell a Panoptes export from a plain list by its header."""
    header = start.splitlines()[0].decode(errors="replace")
    return "annotations" in next(csv.reader([header]))


def _check(header: list[str], path: Path) -> None:
    missing = [name for name in NEEDED if name not in header]
    if missing:
        raise BadFile(NO_COLUMN(file=path.name, missing=", ".join(missing), needed=", ".join(NEEDED)))
    if len(set(header)) < len(header):
        raise BadFile(COLUMN_TWICE(file=path.name))


def _row(number: int, header: list[str], cells: list[str], tasks: list[str]) -> Row:
    if len(cells) != len(header):
        return Broken(number, Reason.UNREADABLE, f"{len(cells)} cells, and the header has {len(header)}")
    row = dict(zip(header, cells, strict=True))
    if not row["classification_id"].strip():
        return Broken(number, Reason.NO_ID)
    if not row["user_name"].strip():
        return Broken(number, Reason.NO_USER)
    if ";" in row["subject_ids"]:
        return Broken(number, Reason.SEVERAL_SUBJECTS, row["subject_ids"])
    return panoptes_record(number, row) if "annotations" in row else vote_record(number, row, tasks)
