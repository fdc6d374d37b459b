"""Threads that answer requests, and know for how long none of them has."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Any


class Threads(ThreadPoolExecutor):
    """A pool of threads that says how long it has been stuck: all of them busy, and none done with anything."""

    def __init__(self, number: int, name: str = "") -> None:
        super().__init__(number, thread_name_prefix=name)
        self.number = number
        self._lock, self._unfinished, self._moved_at = Lock(), 0, 0.0

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **options: Any) -> Future[Any]:
        future = super().submit(function, *arguments, **options)
        with self._lock:
            self._unfinished += 1
            if self._unfinished == self.number:
                self._moved_at = time.monotonic()
        future.add_done_callback(self._finish)
        return future

    def _finish(self, future: Future[Any]) -> None:
        with self._lock:
            self._unfinished -= 1
            if not future.cancelled():  # one that was never begun says nothing
                self._moved_at = time.monotonic()

    def stuck_seconds(self) -> float:
        """Return for how long all threads have been busy without one of them finishing a request."""
        with self._lock:
            return time.monotonic() - self._moved_at if self._unfinished >= self.number else 0.0
