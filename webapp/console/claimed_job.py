"""A claimed job, worked on at the console: whatever ends it early is a sentence, and what is in stays in."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Protocol

from django.core.management import CommandError
from django.db import DatabaseError
from rich.console import Console

from webapp.core.jobs import Cancelled, LeaseLost

INTERRUPTED = 130


class Job(Protocol):
    """A row that counts what it has brought in."""

    added: int

    def end_cancelled(self) -> None: ...

    def fail(self, error: str) -> None: ...

    def refresh_from_db(self) -> None: ...


@contextmanager
def working_on(console: Console, job: Job, *, called: str, things: str) -> Iterator[None]:
    """Tell how the work in this context ends. `called` is what the job is ("ingest"), `things` what it brings in."""
    try:
        yield
    except KeyboardInterrupt:
        job.end_cancelled()
        console.print(f"Stopped. {job.added:,} {things} are in and stay in; the same command goes on from there.")
        sys.exit(INTERRUPTED)
    except Cancelled:
        job.end_cancelled()
    except LeaseLost as lost:
        raise CommandError("This took so long to answer that a worker has gone on with it. Nothing is lost.") from lost
    except Exception as error:
        with suppress(DatabaseError, LeaseLost):
            job.fail(f"{type(error).__name__}: {error}")
        raise CommandError(
            f"The {called} broke off: {error}. {job.added:,} {things} are in and stay in; once the cause is removed,"
            " the same command goes on from there. (--traceback shows where it happened.)"
        ) from error
    job.refresh_from_db()
