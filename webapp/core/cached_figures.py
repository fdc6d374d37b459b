"""Cache for expensive counts: a figure is kept for longer, the longer it took to compute."""

import time
from collections.abc import Callable
from typing import TypeVar

from django.core.cache import cache

PATIENCE = 50
"""A figure is fresh for so many times as long as it took to count, where that is longer than it would be else."""
STALE_FOR = 10
"""How often as long as it is fresh it is told while somebody counts anew."""
LONGEST_COUNT = 60

Figure = TypeVar("Figure")


def cached_figure(key: str, count: Callable[[], Figure], fresh_for: float = 10) -> Figure:
    """Return what `count` returned `fresh_for` seconds ago, or longer where it takes long; else count.

    One asks at a time, and the others are told the older figure. So counting takes a fiftieth of one thread's time at
    most, however long a table grows.
    """
    cached: tuple[Figure, float] | None = cache.get(key)
    if cached is not None and (time.time() < cached[1] or not cache.add(f"{key}-counting", True, LONGEST_COUNT)):
        return cached[0]
    start = time.monotonic()
    try:
        figure = count()
    finally:
        cache.delete(f"{key}-counting")
    fresh = max(fresh_for, PATIENCE * (time.monotonic() - start))
    cache.set(key, (figure, time.time() + fresh), STALE_FOR * fresh)
    return figure
