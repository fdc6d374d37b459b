"""Reservoir sampling: a random subset of a stream that does not fit into memory."""

import heapq
from typing import Generic, TypeVar

import numpy as np

T = TypeVar("T")


class Subsample(Generic[T]):
    """A random sample of a stream, limited by total size, in which all items of one size are equally likely.

    Each item gets a random number, and the lowest are kept: once an item had to leave, none with a larger number is
    accepted. At least one item is always kept, however large.

    Parameters
    ----------
    room
        Maximum total size.
    seed
        Random seed; has no effect if everything fits.
    """

    def __init__(self, room: int, seed: int) -> None:
        self.room, self.size, self.came = room, 0, 0
        self.random, self.below = np.random.default_rng(seed), 1.0
        self.heap: list[tuple[float, int, int, T]] = []  # a heap: the highest draw first

    def offer(self, item: T, size: int) -> None:
        """Offer an item; items that no longer fit are dropped."""
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
        """Return the sample in its original order."""
        return [item for _, _, _, item in sorted(self.heap, key=lambda each: each[1])]
