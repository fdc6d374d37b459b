"""Modified Julian dates (MJD): days since 0h on 17 November 1858."""

from datetime import UTC, date, datetime, timedelta

MJD_EPOCH = datetime(1858, 11, 17, tzinfo=UTC)
JD_MINUS_MJD = 2_400_000.5
DAY = 86_400.0
"""Seconds."""
UNIX_EPOCH = 40_587
"""The MJD at 0h on 1 January 1970."""


def day_number(day: date) -> int:
    """Return the MJD at 0h of a date."""
    return (day - MJD_EPOCH.date()).days


def date_of(day: int) -> date:
    """Return the date that begins at an MJD; raises OverflowError outside the years 1 to 9999."""
    return MJD_EPOCH.date() + timedelta(days=day)


def utc_of(mjd: float) -> datetime:
    """Return the time of an MJD in UTC, to a microsecond; raises OverflowError outside the years 1 to 9999."""
    return MJD_EPOCH + timedelta(days=mjd)
