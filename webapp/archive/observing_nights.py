"""When a survey's nights begin: one rule for all pages and jobs."""

import numpy as np

from ml.data.observing_nights import day_break
from webapp.archive.models import Subject

MOST_TIMES = 10_000
"""Newest subjects, whose times of day tell when nights begin."""


def night_begins(survey: int) -> float:
    """Return the time of day at which a survey's nights begin, as a fraction of a day after 0h UT; see `day_break`.

    A night is named by the UTC date on which it begins.
    """
    times = Subject.objects.filter(survey=survey, mjd__isnull=False).order_by("-pk")
    return day_break(np.array(times.values_list("mjd", flat=True)[:MOST_TIMES], dtype=np.float64))
