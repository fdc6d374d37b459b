"""Votes as integer arrays: worker, item, answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import csr_array

from ml.crowd.answer import ABSTENTIONS


class BadVotes(ValueError):
    """Unusable votes; the message says why, and for a file names it and the row."""


@dataclass(frozen=True)
class Votes:
    """All votes on a set of items.

    Attributes
    ----------
    item, worker, answer : (n_votes,) int arrays
        Codes into `items` and `workers`. An answer is the code of a class, or ``len(classes)`` for an abstention.
        An item may have no votes: it keeps the prior, or equal probabilities if a method has no prior.
    items, workers, classes : tuple of str
        Names. Classes are in numeric, else alphabetical order: "no" before "yes".

    Raises
    ------
    BadVotes
        For columns of different lengths, non-integer codes (including NaN), or codes outside the names.
    """

    item: np.ndarray
    worker: np.ndarray
    answer: np.ndarray
    items: tuple[str, ...]
    workers: tuple[str, ...]
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        if not len(self.item) == len(self.worker) == len(self.answer):
            raise BadVotes(f"columns differ in length: {len(self.item)}, {len(self.worker)}, {len(self.answer)}")
        check_codes("item", self.item, len(self.items))
        check_codes("worker", self.worker, len(self.workers))
        check_codes("answer", self.answer, len(self.classes) + 1)

    @classmethod
    def of(
        cls, item: Sequence[str], worker: Sequence[str], label: Sequence[str], classes: Sequence[str] = ()
    ) -> "Votes":
        """Encode three columns of names; `ABSTENTIONS` share one code.

        `classes` lists all possible answers, including unused ones; by default they are taken from the votes. Raises
        `BadVotes` for a label outside them, and for NaN.
        """
        (items, item_code), (workers, worker_code), (labels, label_code) = map(encode, (item, worker, label))
        names = class_names(labels, classes)
        return cls(item_code, worker_code, answer_codes(labels, names)[label_code], items, workers, names)

    @property
    def definite(self) -> np.ndarray:
        """Return for each vote whether it names a class."""
        return np.asarray(self.answer < len(self.classes))

    @cached_property
    def cell(self) -> np.ndarray:
        """Code of (worker, answer) of each vote: a row of a confusion table of (n_workers · (K + 1)) rows."""
        return np.asarray(self.worker * (len(self.classes) + 1) + self.answer)

    @cached_property
    def incidence(self) -> csr_array:
        """Votes as a sparse (n_items, n_workers · (K + 1)) matrix of counts.

        Multiplied by a table of P(answer | class) it sums each item's evidence; its transpose times the items'
        posteriors counts each worker's answers by class. Both take one pass over the votes and no array of their
        length.
        """
        width = len(self.workers) * (len(self.classes) + 1)
        return csr_array((np.ones(len(self.item)), (self.item, self.cell)), shape=(len(self.items), width))

    def counts(self) -> np.ndarray:
        """Count the answers: (n_items, K + 1) int array, abstentions in the last column."""
        width = len(self.classes) + 1
        flat = np.bincount(self.item * width + self.answer, minlength=len(self.items) * width)
        return flat.reshape(len(self.items), width)

    def only(self, chosen: np.ndarray) -> "Votes":
        """Select votes (by mask or indices), keeping all names."""
        columns = self.item[chosen], self.worker[chosen], self.answer[chosen]
        return Votes(*columns, self.items, self.workers, self.classes)

    def once(self) -> "Votes":
        """Keep the last vote of every worker on every item, in their order."""
        pair = self.item.astype(np.int64) * len(self.workers) + self.worker
        _, last = np.unique(pair[::-1], return_index=True)
        return self if len(last) == len(pair) else self.only(np.sort(len(pair) - 1 - last))

    def codes_of(self, truth: Mapping[str, str]) -> np.ndarray:
        """Encode known classes of the items: (n_items,) class codes, -1 where unknown or without votes."""
        codes = {name: code for code, name in enumerate(self.classes)}
        return np.array([codes.get(truth.get(name, ""), -1) for name in self.items], dtype=np.int64)

    def gold_of(self, truth: Mapping[str, str]) -> np.ndarray:
        """Encode gold as `codes_of`; raises `BadVotes` if an item's class is not one of the classes."""
        for name in self.items:
            if name in truth and truth[name] not in self.classes:
                raise BadVotes(f"gold says {truth[name]!r} of item {name!r}; the classes are {', '.join(self.classes)}")
        return self.codes_of(truth)

    def truth_of(self, truth: Mapping[str, str]) -> np.ndarray:
        """Encode the truth as `codes_of`, with ``len(classes)`` for a class that nobody voted for.

        Raises `BadVotes` if that is so of every class in the truth: the names are probably written differently.
        """
        named = set(truth.values())
        if named and named.isdisjoint(self.classes):
            raise BadVotes(
                f"the truth's classes (such as {', '.join(in_order(named)[:9])}) are none of the votes' classes"
                f" ({', '.join(self.classes)}); write them alike"
            )
        codes, known = self.codes_of(truth), np.array([name in truth for name in self.items], dtype=bool)
        return np.where(known & (codes < 0), len(self.classes), codes)


def encode(names: Sequence[str] | pa.Array) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the sorted distinct names, and the code of each (n,).

    Raises BadVotes: a name is missing.

    Arrow hashes each name once and sorts only the distinct ones: tens of milliseconds for a million names.
    """
    try:
        column = pa.array(names)
    except pa.ArrowException:  # of several types
        column = pa.array([str(name) for name in names])
    if column.null_count:
        raise BadVotes(f"{column.null_count} names are missing (NaN); leave those votes out")
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        column = pa.array([str(name) for name in column.to_pylist()], pa.string())
    found = column.dictionary_encode()
    order = pc.array_sort_indices(found.dictionary)
    rank = np.empty(len(order), dtype=np.int64)
    rank[order.to_numpy()] = np.arange(len(order))
    return tuple(found.dictionary.take(order).to_pylist()), rank[found.indices.to_numpy()]


def check_codes(column: str, codes: np.ndarray, n: int) -> None:
    """Raise BadVotes, which names the column, unless all codes are whole numbers from 0 to n - 1."""
    if not np.issubdtype(codes.dtype, np.integer):
        raise BadVotes(f"{column} codes are whole numbers, not {codes.dtype}; leave out votes that are NaN")
    if len(codes) and not 0 <= codes.min() <= codes.max() < n:
        raise BadVotes(f"{column} codes run from 0 to {n - 1}, not from {codes.min()} to {codes.max()}")


def class_names(labels: Sequence[str], classes: Sequence[str] = ()) -> tuple[str, ...]:
    """Name the classes in order: those given, or all labels but `ABSTENTIONS`.

    Raises BadVotes: a label is NaN, or is none of the classes given.
    """
    if any(label.lower() == "nan" for label in labels):
        raise BadVotes(f"a label is NaN; leave the vote out, or write {ABSTENTIONS[0]!r}")
    names = in_order(set(map(str, classes)) or set(labels) - set(ABSTENTIONS))
    outside = sorted(set(labels) - {*ABSTENTIONS, *names})
    if outside:
        raise BadVotes(f"the label {outside[0]!r} is not one of the classes {', '.join(names)}")
    return names


def answer_codes(labels: Sequence[str], names: Sequence[str]) -> np.ndarray:
    """Return the code (n,) of each label: its place among the classes, or K for an abstention."""
    codes = {name: code for code, name in enumerate(names)} | dict.fromkeys(ABSTENTIONS, len(names))
    return np.array([codes[label] for label in labels], dtype=np.int64)


def in_order(names: set[str]) -> tuple[str, ...]:
    """Sort numbers numerically, and everything else as text."""
    try:
        return tuple(sorted(names, key=float))
    except ValueError:
        return tuple(sorted(names))
