"""Redo a change that PostgreSQL has ended because it and another waited for each other."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import OperationalError, connection
from psycopg.errors import DeadlockDetected

P = ParamSpec("P")
T = TypeVar("T")
TRIES = 3
log = logging.getLogger(__name__)


def redone_after_deadlock(change: Callable[P, T]) -> Callable[P, T]:
    """Decorate a change in one transaction, or one that may be repeated: after a deadlock, it begins anew.

    Locks are taken in one order everywhere (docs/decisions/queue-and-consensus.md), so this is for what that overlooks.
    Within a larger transaction nothing is redone: only who began it can do so.
    """

    @wraps(change)
    def redone(*args: P.args, **kwargs: P.kwargs) -> T:
        for _ in range(0 if connection.in_atomic_block else TRIES - 1):
            try:
                return change(*args, **kwargs)
            except OperationalError as error:
                if not isinstance(error.__cause__, DeadlockDetected):
                    raise
                log.warning("%s is redone after a deadlock: %s", change.__qualname__, error)
        return change(*args, **kwargs)

    return redone
