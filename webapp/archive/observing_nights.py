"""When a survey's nights begin, one rule for all pages and jobs, and which are the newest."""

import math
from datetime import date, datetime, timedelta

import numpy as np

from ml.data.observing_nights import day_break
from ml.io import mjd
from webapp.archive.models import Subject
from webapp.core.sql import fetch

MOST_TIMES = 10_000
"""Newest subjects, whose times of day tell when nights begin."""

# The times that have a date: a file may give any number.
SUBJECTS = f"""(
    SELECT mjd FROM {Subject._meta.db_table}
    WHERE survey_id = %(survey)s AND kind = %(kind)s AND mjd BETWEEN -678000 AND 2973000 AND NOT is_synthetic
) AS subject"""  # noqa: S608  # our own table

# From each night a step to the one before it, along the index of times: no night is read whole.
NEWEST = f"""
    WITH RECURSIVE newest (night, place) AS (
        SELECT floor(max(mjd) - %(begins)s::float8)::int, 1 FROM {SUBJECTS} WHERE mjd < %(before)s::float8
        UNION ALL
        SELECT (
            SELECT least(floor(mjd - %(begins)s::float8)::int, newest.night - 1) FROM {SUBJECTS}
            WHERE mjd < newest.night + %(begins)s::float8 ORDER BY mjd DESC LIMIT 1
        ), place + 1 FROM newest WHERE night IS NOT NULL AND place < %(most)s
    )
    SELECT night FROM newest WHERE night IS NOT NULL ORDER BY night DESC
"""  # noqa: S608  # our own table


# The minutes of the day in which there is a time: enough to find daylight, and never more than 1,440 rows.
MINUTES = f"""
    SELECT DISTINCT floor(1440 * (mjd - floor(mjd)))::int FROM (
        SELECT mjd FROM {Subject._meta.db_table} WHERE survey_id = %(survey)s AND mjd IS NOT NULL
        ORDER BY id DESC LIMIT {MOST_TIMES}
    ) AS newest
"""  # noqa: S608  # our own table


def night_begins(survey: int) -> float:
    """Return the time of day at which a survey's nights begin, as a fraction of a day after 0h UT; see `day_break`.

    It is exact to a minute. A night is named by the UTC date on which it begins.
    """
    minutes = fetch(MINUTES, {"survey": survey})
    return day_break(np.array([minute for (minute,) in minutes], dtype=np.float64) / 1440)


def newest_nights(survey: int, kind: str, most: int, before: int | None = None) -> tuple[list[int], float]:
    """Return the newest nights (MJD) with subjects of a kind, newest first, and the time of day at which they begin.

    Parameters
    ----------
    before
        Only nights before this one.
    """
    begins = night_begins(survey)
    end = math.inf if before is None else before + begins
    of = {"survey": survey, "kind": kind, "begins": begins, "most": most, "before": end}
    return [night for (night,) in fetch(NEWEST, of)], begins


def date_of(night: int) -> date:
    """Return the UTC date on which a night (MJD) begins."""
    return mjd.date_of(night)


def night_of(begins_on: date) -> int:
    """Return the night (MJD) that begins on a UTC date."""
    return mjd.day_number(begins_on)


def night_at(time: datetime, begins: float) -> int:
    """Return the night (MJD) in which a time falls."""
    return math.floor((time - mjd.MJD_EPOCH) / timedelta(days=1) - begins)


def start_of(night: int, begins: float) -> datetime:
    """Return the time at which a night (MJD) begins."""
    return mjd.utc_of(night) + timedelta(days=begins)


def limits_of(night: int, begins: float) -> tuple[float, float]:
    """Return a night's first and last possible times (MJD), both of them in it."""
    return night + begins, math.nextafter(night + 1 + begins, -math.inf)
