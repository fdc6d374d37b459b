"""Run a detector over many images with every core, in order, and never more than a few in memory."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from ml.models.compute import cores

Item = TypeVar("Item")
Result = TypeVar("Result")
AHEAD = 2  # images waiting for each worker


def sweep(
    work: Callable[[Item], Result], items: Iterable[Item], count: int | None = None
) -> Iterator[tuple[Item, Result]]:
    """Yield each item with what `work` made of it, in the order of the items, which are read by the caller's thread.

    As many as `count` are worked on at once, or as there are cores.

    Raises
    ------
    MemoryError
        With a sentence, where an image does not fit; what was yielded before stands.
    """
    count = count or cores()
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
