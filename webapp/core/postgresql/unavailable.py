"""Errors of a database that is busy or away: what happened, what to do, and when to try again."""

from typing import NamedTuple

import psycopg
from django.utils.translation import gettext as _
from psycopg import errors

STARTING_OR_FULL = (
    errors.AdminShutdown,
    errors.CannotConnectNow,
    errors.CrashShutdown,
    errors.IdleInTransactionSessionTimeout,
    errors.TooManyConnections,
)


class Unavailable(NamedTuple):
    """What to tell somebody whose request failed only because of the moment."""

    happened: str
    advice: str
    retry_after: int  # seconds


def unavailable(error: BaseException | None) -> Unavailable | None:
    """Return what to tell about an error of Django's or psycopg's; None if trying again would fail as well."""
    match error if isinstance(error, psycopg.Error) else getattr(error, "__cause__", None):
        case errors.QueryCanceled():
            return Unavailable(
                _("This took the database too long, so it was stopped."),
                _("Try again in a minute. If it is stopped again, ask for less at once: a filter, or fewer rows."),
                60,
            )
        case errors.LockNotAvailable() | errors.DeadlockDetected():
            return Unavailable(
                _("Somebody else, or a job, is changing the same data, and this waited too long for it."),
                _("Try again in half a minute. If it fails again, wait for the running job to end."),
                30,
            )
        case psycopg.OperationalError() as cause if cause.sqlstate is None or isinstance(cause, STARTING_OR_FULL):
            return Unavailable(
                _("The site can't reach its database, which may be starting again."),
                _("Try again in a few seconds."),
                10,
            )
    return None
