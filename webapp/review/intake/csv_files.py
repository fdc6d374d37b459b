"""Classification exports of Panoptes, and plain lists of votes: CSV with a row an answer."""

import csv
from collections.abc import Iterator
from pathlib import Path

from ml.io.safe_csv import BoundedRows
from webapp.review.intake.panoptes_record import panoptes_record, vote_record
from webapp.review.intake.reasons import Reason
from webapp.review.intake.record import BadFile, Broken, Row
from webapp.review.sentences import COLUMN_TWICE, NO_COLUMN, NO_CSV, NOT_UTF8

LARGEST_CELL = 16 * 2**20
LONGEST_ROW = 2 * LARGEST_CELL
NEEDED = ("classification_id", "user_name", "subject_ids")
NOT_ANSWERS = {
    *NEEDED, "row_id", "user_id", "user_ip", "workflow_id", "workflow_name", "workflow_version", "created_at",
    "gold_standard", "expert", "metadata", "subject_data", "",
}  # fmt: skip

csv.field_size_limit(LARGEST_CELL)  # annotations of many marks are longer than the 128 kB that Python allows


def read_csv(path: Path) -> Iterator[Row]:
    """Yield the rows of a file, each as a record or as what is wrong with it.

    Raises
    ------
    BadFile
        It is no CSV in UTF-8, or lacks a column that is needed.
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
        raise BadFile(NOT_UTF8(file=path.name)) from error
    except csv.Error as error:
        raise BadFile(NO_CSV(file=path.name, error=error, line=rows.line_num)) from error


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
