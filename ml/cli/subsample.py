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
        self.held: list[tuple[float, int, int, T]] = []  # a heap: the highest draw first

    def offer(self, thing: T, size: int) -> None:
        """Offer an item; items that no longer fit are dropped."""
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
        """Return the sample in its original order."""
        return [thing for _, _, _, thing in sorted(self.held, key=lambda each: each[1])]
