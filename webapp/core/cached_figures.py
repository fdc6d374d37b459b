"""Cache for expensive counts, kept for longer the longer they take to compute."""

import time
from collections.abc import Callable
from typing import TypeVar

from django.core.cache import cache

PATIENCE = 50
"""Minimum lifetime of a count, in multiples of the time it took."""
STALE_FOR = 10
"""Lifetime of a stale count, in multiples of the fresh one, while another thread counts again."""
LONGEST_COUNT = 60
MINUTE = 60
"""Lifetime of figures that nobody watches change, in seconds."""

Figure = TypeVar("Figure")


def cached_figure(key: str, count: Callable[[], Figure], fresh_for: float = 10, patience: float = PATIENCE) -> Figure:
    """Return the cached result of `count`, up to `fresh_for` seconds old (longer for slow ones); else compute it.

    One thread computes at a time, and others get the old value. So counting takes at most 1/`patience` of one thread's
    time, however large a table grows.
    """
    cached: tuple[Figure, float] | None = cache.get(key)
    if cached is not None and (time.time() < cached[1] or not cache.add(f"{key}-counting", True, LONGEST_COUNT)):
        return cached[0]
    start = time.monotonic()
    try:
        figure = count()
    finally:
        cache.delete(f"{key}-counting")
    fresh = max(fresh_for, patience * (time.monotonic() - start))
    cache.set(key, (figure, time.time() + fresh), STALE_FOR * fresh)
    return figure
