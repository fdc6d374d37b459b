"""Run the steps of a periodic task one after another, so that one that fails keeps none of the others from running."""

from collections.abc import Callable

from celery.exceptions import SoftTimeLimitExceeded


def in_turn(name: str, *steps: Callable[[], object]) -> None:
    """Call every step; raise an ExceptionGroup of what went wrong at the end. The task's time limit ends it at once."""
    failures = []
    for step in steps:
        try:
            step()
        except SoftTimeLimitExceeded:
            raise
        except Exception as error:
            failures.append(error)
    if failures:
        raise ExceptionGroup(f"{len(failures)} of {len(steps)} steps of {name} failed", failures)
