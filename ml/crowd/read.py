"""Read votes and gold from CSV: ten million rows in seconds, with errors that name the row."""

import csv
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from ml.crowd.answer import ABSTENTIONS
from ml.crowd.votes import BadVotes, Votes, answer_codes, class_names, encode
from ml.io.utf8_text import not_utf8

Coded = tuple[tuple[str, ...], np.ndarray]
"""Sorted distinct values, and the code of each row."""


def read_votes(path: Path) -> Votes:
    """Read a CSV with the columns item, worker and label; labels may be `ABSTENTIONS`.

    Raises
    ------
    BadVotes
        For a file that cannot be read, lacks a column or has an empty field; or with no votes at all.
    """
    (items, item), (workers, worker), (labels, label) = read_coded(path, ("item", "worker", "label"))
    if not items:
        raise BadVotes(f"{path.name} holds no votes")
    try:
        classes = class_names(labels)
    except BadVotes as bad:
        raise BadVotes(f"{path.name}: {bad}") from bad
    if not classes:
        raise BadVotes(f"{path.name} holds nothing but {' and '.join(map(repr, ABSTENTIONS))}")
    return Votes(item, worker, answer_codes(labels, classes)[label], items, workers, classes)


def read_truth(path: Path) -> dict[str, str]:
    """Read a CSV with the columns item and truth; raises `BadVotes` as `read_votes` does."""
    item, truth = read_columns(path, ("item", "truth"))
    return dict(zip(item, truth, strict=True))


def read_coded(path: Path, names: tuple[str, ...]) -> list[Coded]:
    """Read columns as codes: in parallel with Arrow, or row by row to locate the error if Arrow fails."""
    try:
        table = read_arrow(path, names)
        return [coded(table[name]) for name in names]
    except (pa.ArrowException, KeyError, OSError, EmptyField):
        return [encode(column) for column in read_columns(path, names)]


class EmptyField(Exception):
    """A field is empty; only the row-by-row reader knows which."""


def read_arrow(path: Path, names: tuple[str, ...]) -> pa.Table:
    """Read columns as dictionaries: 4 bytes per row and column, however long the names are."""
    types = {name: pa.dictionary(pa.int32(), pa.string()) for name in names}
    return arrow_csv.read_csv(
        path,
        parse_options=arrow_csv.ParseOptions(newlines_in_values=True),
        convert_options=arrow_csv.ConvertOptions(column_types=types, include_columns=list(names)),
    )


def coded(column: pa.ChunkedArray) -> Coded:
    """Return the sorted distinct texts of a column (n,), stripped, and the code (n,) of each row.

    Raises EmptyField: a row is missing or blank.
    """
    whole = column.unify_dictionaries().combine_chunks()
    if isinstance(whole, pa.ChunkedArray):  # keep a column without chunks
        return (), np.zeros(0, dtype=np.int64)
    if whole.null_count:
        raise EmptyField
    names, code = encode(pc.utf8_trim_whitespace(whole.dictionary))
    if "" in names:
        raise EmptyField
    return names, code[whole.indices.to_numpy()]


def read_columns(path: Path, names: tuple[str, ...]) -> list[list[str]]:
    """Read columns row by row, which is slower, but says in which row an error is.

    Raises BadVotes: the file cannot be read, lacks a column, or has an empty field; the message says where.
    """
    try:
        # Spreadsheets write a byte-order mark; utf-8-sig reads files with and without one.
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            missing = [name for name in names if name not in (rows.fieldnames or ())]
            if missing:
                raise BadVotes(f"{path.name} has no column {missing[0]!r}; it needs {', '.join(names)}")
            columns: list[list[str]] = [[] for _ in names]
            for number, row in enumerate(rows, 2):
                append_row(columns, [row[name] for name in names], names, f"{path.name} row {number}")
    except UnicodeDecodeError as error:
        raise BadVotes(not_utf8(path)) from error
    except (OSError, csv.Error) as error:
        raise BadVotes(f"{path} cannot be read: {error}") from error
    return columns


def append_row(columns: list[list[str]], values: list[str | None], names: tuple[str, ...], place: str) -> None:
    for column, value, name in zip(columns, values, names, strict=True):
        if not value or not value.strip():
            raise BadVotes(f"{place}: {name} is empty")
        column.append(value.strip())
