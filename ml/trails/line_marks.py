"""Volunteers' line marks: read, and merged into one consensus line per trail."""

import csv
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from ml.data.dataset import BadExamples
from ml.evaluation.metrics.overlap import line_cover, line_distance
from ml.io.utf8_text import not_utf8

SUBJECT = ("external_id", "subject")
ENDS = ("x1", "y1", "x2", "y2")
NEAR = 12.0  # maximum distance in pixels between marks of the same trail
SHARED = 0.3  # minimum fraction of the length that one must cover of the other
SINGLE = 0.4  # weight of a line drawn by a single volunteer


@dataclass(frozen=True)
class Mark:
    """A line that one volunteer drew, x0, y0, x1, y1 in pixels; (0, 0) is the centre of the first, at the bottom.

    Frames of a subject count from 0.
    """

    volunteer: str
    line: tuple[float, float, float, float]
    frame: int = 0


@dataclass(frozen=True)
class Consensus:
    """One trail's line (4,), the number of volunteers who drew it, and its sample weight, 0..1."""

    line: NDArray[np.float64]
    volunteers: int
    weight: float


def read_marks(path: Path) -> dict[str, list[Mark]]:
    """Read marks by subject from CSV: external_id, volunteer, x1, y1, x2, y2 (or x1_px …), in the site's pixels.

    A column `frame`, from 0, is read if there is one.

    Raises BadExamples if it is not UTF-8, a column is missing, a number is invalid, or there is no mark at all; the
    message names the row.
    """
    try:
        found = _read(path)
    except UnicodeDecodeError as error:
        raise BadExamples(not_utf8(path)) from error
    if not found:
        raise BadExamples(f"{path} holds no mark: let volunteers draw lines first, or train on {'#objects'}.")
    return found


def _read(path: Path) -> dict[str, list[Mark]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        names = rows.fieldnames or []
        subject = next((name for name in SUBJECT if name in names), "")
        ends = [next((each for each in (name, f"{name}_px") if each in names), "") for name in ENDS]
        missing = [name for name, found in zip(("external_id", *ENDS), (subject, *ends), strict=True) if not found]
        missing += [] if "volunteer" in names else ["volunteer"]
        if missing:
            raise BadExamples(
                f"{path} has no column {', '.join(missing)}: line marks need external_id, volunteer, x1, y1, x2, y2."
            )
        found: dict[str, list[Mark]] = defaultdict(list)
        for number, row in enumerate(rows, start=2):
            line, frame = _line(path, number, [row[name] for name in ends]), _frame(path, number, row.get("frame"))
            found[row[subject]].append(Mark(row["volunteer"], line, frame))
    return dict(found)


def outside(marks: Sequence[Mark], shape: tuple[int, ...]) -> list[Mark]:
    """Return the marks with an end more than half a pixel outside an image of `shape` (H, W)."""
    last = np.array([shape[1], shape[0]] * 2) - 0.5
    return [mark for mark in marks if (np.array(mark.line) < -0.5).any() or (np.array(mark.line) > last).any()]


def on_same_trail(marks: Sequence[Mark], others: Sequence[Mark]) -> NDArray[np.bool_]:
    """Return whether each of N marks is on the same trail as each of M others: (N, M).

    It is if the shorter stays within 12 pixels of the longer, and one covers at least three tenths of the other.

    Raises ValueError if a line is not four finite numbers.
    """
    one, other = (np.array([mark.line for mark in each], dtype=np.float64).reshape(-1, 4) for each in (marks, others))
    near = np.minimum(line_distance(one, other), line_distance(other, one).T) <= NEAR
    cover = np.maximum(line_cover(one, other), line_cover(other, one).T) >= SHARED
    return near & cover


def consensus_lines(marks: Sequence[Mark]) -> list[Consensus]:
    """Merge the marks of one image: lines on the same trail become one, with the medians of their ends.

    A third mark may connect two that `on_same_trail` does not. A volunteer counts once. A line drawn by a single
    volunteer has weight 0.4, any other 1.
    """
    if not marks:
        return []
    count, number = connected_components(coo_matrix(on_same_trail(marks, marks)), directed=False)
    return [
        _consensus([mark for mark, its in zip(marks, number, strict=True) if its == group]) for group in range(count)
    ]


def _consensus(marks: Sequence[Mark]) -> Consensus:
    lines = np.array([mark.line for mark in marks], dtype=np.float64)
    longest = lines[np.hypot(lines[:, 2] - lines[:, 0], lines[:, 3] - lines[:, 1]).argmax()]
    along = longest[2:] - longest[:2]
    back = (lines[:, 2:] - lines[:, :2]) @ along < 0
    lines[back] = lines[back][:, [2, 3, 0, 1]]
    volunteers = len({mark.volunteer for mark in marks})
    return Consensus(np.median(lines, axis=0), volunteers, 1.0 if volunteers > 1 else SINGLE)


def _line(path: Path, number: int, cells: Sequence[str | None]) -> tuple[float, float, float, float]:
    try:
        x1, y1, x2, y2 = (float(cell or "") for cell in cells)
    except ValueError:
        x1 = y1 = x2 = y2 = math.nan
    if not all(math.isfinite(value) for value in (x1, y1, x2, y2)):
        raise BadExamples(
            f"{path} row {number}: {list(cells)} are not four numbers in pixels. Correct or remove the row."
        )
    return x1, y1, x2, y2


def _frame(path: Path, number: int, cell: str | None) -> int:
    if cell and not (cell.isascii() and cell.isdigit()):
        raise BadExamples(f"{path} row {number}: frame is {cell!r}; frames count 0, 1, 2. Correct or remove the row.")
    return int(cell or 0)
