"""Run a detector over many images with every core, in order, and never more than a few in memory."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
AHEAD = 2  # images waiting for each worker


def workers() -> int:
    """Return how many images are looked at at once: ``WANDERERS_THREADS``, or every core this process may use."""
    return int(os.environ.get("WANDERERS_THREADS") or len(os.sched_getaffinity(0)))


def sweep(
    work: Callable[[Item], Result], items: Iterable[Item], count: int | None = None
) -> Iterator[tuple[Item, Result]]:
    """Yield each item with what `work` made of it, in the order of the items, which are read by the caller's thread.

    Raises
    ------
    MemoryError
        With a sentence, where an image does not fit; what was yielded before stands.
    """
    count = count or workers()
    waiting: deque[tuple[Item, Future[Result]]] = deque()
    with ThreadPoolExecutor(count) as pool:
        try:
            for item in items:
                waiting.append((item, pool.submit(work, item)))
                if len(waiting) > AHEAD * count:
                    yield _next(waiting)
            while waiting:
                yield _next(waiting)
        finally:
            for _, future in waiting:
                future.cancel()


def _next(waiting: "deque[tuple[Item, Future[Result]]]") -> tuple[Item, Result]:
    item, future = waiting.popleft()
    return item, future.result()
