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
        self.held: list[tuple[float, int, int, T]] = []  # a heap: the highest draw first

    def offer(self, thing: T, size: int) -> None:
        """Take a thing, or leave it; what there is no longer room for leaves."""
        drawn = self.random.random()
        self.came += 1
        if drawn >= self.below:
            return
        heapq.heappush(self.held, (-drawn, self.came, size, thing))
        self.size += size
        while self.size > self.room and len(self.held) > 1:
            highest, _, freed, _ = heapq.heappop(self.held)
            self.below, self.size = -highest, self.size - freed

    def kept(self) -> list[T]:
        """Return what was kept, in the order in which it came."""
        return [thing for _, _, _, thing in sorted(self.held, key=lambda each: each[1])]
