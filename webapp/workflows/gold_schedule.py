"""Gold schedule: the fraction of gold subjects that volunteers get, higher at first.

A schedule is a list of steps `[from, fraction]`: the training fraction from a number of subjects seen. The first step
begins at 0, and fractions never increase.
"""

import math
from itertools import pairwise
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.utils.formats import localize
from django.utils.translation import gettext as _

Schedule = list[list[float]]


class Row(NamedTuple):
    """A step in the form: the fraction, and the number of subjects seen at which it ends."""

    fraction: str
    until: str


MOST_STEPS = 8
LAST_STEP = 1000


def usual_schedule() -> Schedule:
    """Return the default schedule of a new workflow: it begins with five practice subjects."""
    return [[0, 1.0], [5, 0.4], [20, 0.3], [40, 0.2], [60, 0.1]]


def fraction_at(schedule: Schedule, seen: int) -> float:
    """Return the training fraction for somebody who has seen this many subjects of the workflow."""
    return next((fraction for begin, fraction in reversed(schedule) if seen >= begin), 0.0)


def check_schedule(schedule: Any) -> None:
    """Raise ValidationError, with what to do, for an invalid schedule."""
    if not _is_list_of_steps(schedule):
        raise ValidationError(_("A schedule is a list of steps, each with a number of subjects and a fraction."))
    if schedule[0][0] != 0 or any(later <= earlier for (earlier, _a), (later, _b) in pairwise(schedule)):
        raise ValidationError(_("The first step begins at 0 subjects, and each later one at more than the one before."))
    if len(schedule) > MOST_STEPS or schedule[-1][0] > LAST_STEP:
        raise ValidationError(
            _("A schedule has at most %(steps)d steps, and the last begins at %(last)d subjects or before.")
            % {"steps": MOST_STEPS, "last": LAST_STEP}
        )
    if any(not 0 <= fraction <= 1 for _begin, fraction in schedule):
        raise ValidationError(_("Each fraction lies between 0 (never) and 1 (always)."))
    if any(later > earlier for (_a, earlier), (_b, later) in pairwise(schedule)):
        raise ValidationError(_("The fraction must fall from row to row: experienced volunteers need less training."))


def in_numbers(schedule: Schedule) -> str:
    """Format a schedule in numbers, which need no translation: “0–19: 0.4 · 20–39: 0.3 · 40+: 0.1”."""
    steps = [(f"{int(begin)}–{int(end) - 1}", fraction) for (begin, fraction), (end, _next) in pairwise(schedule)]
    last, fraction = schedule[-1]
    return " · ".join(f"{seen}: {localize(fraction)}" for seen, fraction in [*steps, (f"{int(last)}+", fraction)])


def as_rows(schedule: Schedule) -> list[Row]:
    """Return the steps as rows of the form; the last has no end."""
    steps = [Row(f"{fraction:g}", str(int(end))) for (_begin, fraction), (end, _next) in pairwise(schedule)]
    return [*steps, Row(f"{schedule[-1][1]:g}", "")] if schedule else []


def from_rows(rows: list[Row]) -> Schedule:
    """Parse the rows of the form: empty rows are ignored, and after a final end the fraction is 0.

    Raises ValidationError: a message about the first invalid row.
    """
    schedule: Schedule = []
    begin: int | None = 0
    for number, row in enumerate(rows, start=1):
        if not (row.fraction.strip() or row.until.strip()):
            continue
        if begin is None:
            raise ValidationError(_wrong(_("Row %(number)d is never reached: the row above has no end."), number))
        schedule.append([begin, _fraction(row, number)])
        begin = _end(row, number)
    if schedule and begin is not None:
        schedule.append([begin, 0.0])
    check_schedule(schedule)
    return schedule


def _fraction(row: Row, number: int) -> float:
    try:
        return float(row.fraction)
    except ValueError:
        raise ValidationError(_wrong(_("Row %(number)d: the fraction is a number from 0 to 1."), number)) from None


def _end(row: Row, number: int) -> int | None:
    if not row.until.strip():
        return None
    try:
        return int(row.until)
    except ValueError:
        message = _("Row %(number)d: it ends at a whole number of subjects seen.")
        raise ValidationError(_wrong(message, number)) from None


def _wrong(message: str, number: int) -> str:
    return message % {"number": number}


def _is_list_of_steps(schedule: Any) -> bool:
    if not isinstance(schedule, list) or not schedule:
        return False
    return all(
        isinstance(step, list)
        and len(step) == 2
        and all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in step)
        and math.isfinite(step[1])
        and float(step[0]).is_integer()
        for step in schedule
    )
