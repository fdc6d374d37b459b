"""Prepare the next of a series while the one before is worked on."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
END = object()


def ahead(series: Iterator[T]) -> Iterator[T]:
    """Yield what a series yields; a thread makes the next one meanwhile, so that two are in memory.

    What the series raises is raised here, at its place.
    """
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, series, END)
        while (item := coming.result()) is not END:
            coming = thread.submit(next, series, END)
            yield item  # type: ignore[misc]
