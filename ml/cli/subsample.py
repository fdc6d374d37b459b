"""Reservoir sampling: a random subset of a stream that does not fit into memory."""

import heapq
from typing import Generic, TypeVar

import numpy as np

T = TypeVar("T")


class Subsample(Generic[T]):
    """As many things as there is room for, each as likely to be among them as any other of its size, wherever it came.

    Each draws a number, and those with the lowest stay: once one had to leave, none that drew as much is taken. One is
    always kept, however large.

    Parameters
    ----------
    room
        The sum of the sizes that are kept, at most.
    seed
        Of the draws; where all fit, all are kept whatever it is.
    """

    def __init__(self, room: int, seed: int) -> None:
        self.room, self.size, self.came = room, 0, 0
        self.random, self.below = np.random.default_rng(seed), 1.0
        self.heap: list[tuple[float, int, int, T]] = []  # a heap: the highest draw first

    def offer(self, item: T, size: int) -> None:
        """Take a thing, or leave it; what there is no longer room for leaves."""
        drawn = self.random.random()
        self.came += 1
        if drawn >= self.below:
            return
        heapq.heappush(self.heap, (-drawn, self.came, size, item))
        self.size += size
        while self.size > self.room and len(self.heap) > 1:
            highest, _, freed, _ = heapq.heappop(self.heap)
            self.below, self.size = -highest, self.size - freed

    def sample(self) -> list[T]:
        """Return what was kept, in the order in which it came."""
        return [item for _, _, _, item in sorted(self.heap, key=lambda each: each[1])]
