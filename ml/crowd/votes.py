"""Votes as columns of numbers: which worker said what about which item."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

UNSURE = "unsure"


class BadVotes(ValueError):
    """Votes that cannot be read; the message names the file and the row."""


@dataclass(frozen=True)
class Votes:
    """All votes on a set of items.

    Attributes
    ----------
    item, worker, answer : (n_votes,) int arrays
        Codes into `items` and `workers`. An answer is the code of a class, or ``len(classes)`` for an abstention.
    items, workers, classes : tuple of str
        Names. Classes stand in the order of their numbers, or of the alphabet: "no" before "yes".
    """

    item: np.ndarray
    worker: np.ndarray
    answer: np.ndarray
    items: tuple[str, ...]
    workers: tuple[str, ...]
    classes: tuple[str, ...]

    @classmethod
    def of(
        cls, item: Sequence[str], worker: Sequence[str], label: Sequence[str], classes: Sequence[str] = ()
    ) -> "Votes":
        """Encode three columns of names; `UNSURE` is an abstention, and `classes` may name answers nobody gave."""
        items, item_code = np.unique(np.asarray(item, dtype=str), return_inverse=True)
        workers, worker_code = np.unique(np.asarray(worker, dtype=str), return_inverse=True)
        names = in_order({str(name) for name in (*label, *classes)} - {UNSURE})
        codes = {name: code for code, name in enumerate(names)} | {UNSURE: len(names)}
        answer = np.array([codes[str(name)] for name in label], dtype=np.int64)
        return cls(item_code, worker_code, answer, tuple(map(str, items)), tuple(map(str, workers)), names)

    def counts(self) -> np.ndarray:
        """Count the answers: (n_items, K + 1) int array, abstentions in the last column."""
        width = len(self.classes) + 1
        flat = np.bincount(self.item * width + self.answer, minlength=len(self.items) * width)
        return flat.reshape(len(self.items), width)

    def codes_of(self, truth: Mapping[str, str]) -> np.ndarray:
        """Encode what is known of the items: (n_items,) class codes, -1 where unknown or never voted for."""
        codes = {name: code for code, name in enumerate(self.classes)}
        return np.array([codes.get(truth.get(name, ""), -1) for name in self.items], dtype=np.int64)


def in_order(names: set[str]) -> tuple[str, ...]:
    """Sort numbers as numbers, and everything else as text."""
    try:
        return tuple(sorted(names, key=float))
    except ValueError:
        return tuple(sorted(names))


def read_votes(path: Path) -> Votes:
    """Read a CSV with the columns item, worker and label; "unsure" is an abstention.

    Raises
    ------
    BadVotes
        For a file that cannot be read, lacks a column or has an empty field; or with no votes at all.
    """
    item, worker, label = read_columns(path, ("item", "worker", "label"))
    if not item:
        raise BadVotes(f"{path.name} holds no votes")
    votes = Votes.of(item, worker, label)
    if not votes.classes:
        raise BadVotes(f"{path.name} holds nothing but {UNSURE!r}")
    return votes


def read_truth(path: Path) -> dict[str, str]:
    """Read a CSV with the columns item and truth; raises `BadVotes` as `read_votes` does."""
    item, truth = read_columns(path, ("item", "truth"))
    return dict(zip(item, truth, strict=True))


def read_columns(path: Path, names: tuple[str, ...]) -> list[list[str]]:
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
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadVotes(f"{path.name} cannot be read: {error}") from error
    return columns


def append_row(columns: list[list[str]], values: list[str | None], names: tuple[str, ...], place: str) -> None:
    for column, value, name in zip(columns, values, names, strict=True):
        if not value or not value.strip():
            raise BadVotes(f"{place}: {name} is empty")
        column.append(value.strip())
