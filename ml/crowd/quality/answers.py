"""Answers as numeric columns: volunteer, subject, answer, time, duration."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ml.crowd.answer import ANSWERS


@dataclass(frozen=True)
class Answers:
    """All answers to a yes-or-no question.

    Attributes
    ----------
    volunteer, item : (n,) int arrays
        Codes from 0 on.
    answer : (n,) int array
        Columns of `ANSWERS`.
    seconds : (n,) float array
        Duration of each answer; NaN if unknown.
    gold : (n,) int array
        The item's known class, 0 no or 1 yes; -1 if unknown.
    when : (n,) float array
        Seconds since any moment.
    n_volunteers, n_items : int
    """

    volunteer: np.ndarray
    item: np.ndarray
    answer: np.ndarray
    seconds: np.ndarray
    gold: np.ndarray
    when: np.ndarray
    n_volunteers: int
    n_items: int

    @cached_property
    def by_volunteer(self) -> np.ndarray:
        """Count the answers of each volunteer: (n_volunteers, A)."""
        return counted(self.volunteer, self.answer, self.n_volunteers)

    @cached_property
    def by_item(self) -> np.ndarray:
        """Count the answers to each item: (n_items, A)."""
        return counted(self.item, self.answer, self.n_items)

    def of_others(self) -> np.ndarray:
        """Chance of each answer to the item by what all others said of it, (n, A).

        Two pseudo-votes with the crowd's overall frequencies are added, which the first answer to an item is compared
        with.
        """
        usual = self.by_item.sum(axis=0) + 1.0
        others = self.by_item[self.item] - np.eye(len(ANSWERS))[self.answer] + 2 * usual / usual.sum()
        return np.asarray(others / others.sum(axis=1, keepdims=True))

    def only(self, chosen: np.ndarray) -> "Answers":
        """Select answers (by mask or indices), keeping all codes."""
        return replace(
            self,
            volunteer=self.volunteer[chosen],
            item=self.item[chosen],
            answer=self.answer[chosen],
            seconds=self.seconds[chosen],
            gold=self.gold[chosen],
            when=self.when[chosen],
        )

    def newest(self, n: int) -> "Answers":
        """Keep each volunteer's newest n answers: people improve, so old mistakes are forgotten."""
        order = np.lexsort((-self.when, self.volunteer))
        starts = np.searchsorted(self.volunteer[order], np.arange(self.n_volunteers))
        rank = np.arange(len(order)) - starts[self.volunteer[order]]
        return self.only(np.sort(order[rank < n]))


def counted(rows: np.ndarray, answer: np.ndarray, n: int) -> np.ndarray:
    """Count answers (k,), columns of `ANSWERS`, by row (k,): (n, A)."""
    width = len(ANSWERS)
    return np.bincount(rows * width + answer, minlength=n * width).reshape(n, width)
