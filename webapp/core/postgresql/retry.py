"""Retry a change that PostgreSQL has ended because of what somebody else was changing."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import OperationalError, connection
from psycopg.errors import OperationalError as Failure

P = ParamSpec("P")
T = TypeVar("T")
log = logging.getLogger(__name__)


def retry_on(
    failure: type[Failure], tries: int = 3, level: int = logging.WARNING
) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Decorate a change in one transaction, or one that may be repeated: after this failure, it begins anew.

    Locks are taken in one order everywhere (docs/decisions/queue-and-consensus.md), so `DeadlockDetected` is for what
    that overlooks. Within a larger transaction nothing is retried: only who began it can do so. Failures are logged at
    `level`.
    """

    def decorate(change: Callable[P, T]) -> Callable[P, T]:
        @wraps(change)
        def retried(*args: P.args, **kwargs: P.kwargs) -> T:
            for _ in range(0 if connection.in_atomic_block else tries - 1):
                try:
                    return change(*args, **kwargs)
                except OperationalError as error:
                    if not isinstance(error.__cause__, failure):
                        raise
                    log.log(level, "%s is retried: %s", change.__qualname__, error)
            return change(*args, **kwargs)

        return retried

    return decorate
