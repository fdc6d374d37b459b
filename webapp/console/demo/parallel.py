"""Several surveys at once, each in a thread with a database connection of its own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from django.db import connection

T = TypeVar("T")


def in_parallel(work: Callable[..., T], *arguments: Any) -> list[T]:
    """Run `work` for each survey in a thread of its own; the first failure is raised."""

    def run(*values: Any) -> T:
        try:
            return work(*values)
        finally:
            connection.close()

    with ThreadPoolExecutor() as pool:
        return list(pool.map(run, *arguments))
