"""How often a volunteer meets training subjects: often at first, less often the more they have seen.

A schedule is a list of steps `[from, share]`: from so many subjects seen on, so large a share trains. The first step
begins at 0, and shares never rise.
"""

import re
from itertools import pairwise
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

Schedule = list[list[float]]

MOST_STEPS = 8
LAST_STEP = 1000
"""The queue counts no further than this, so that what a volunteer has seen costs the same for ever."""

_STEP = re.compile(r"(?P<share>[0-9]*\.?[0-9]+)\s+until\s+(?P<until>[0-9]+)\Z", re.IGNORECASE)
_LAST = re.compile(r"(?:then\s+)?(?P<share>[0-9]*\.?[0-9]+)\Z", re.IGNORECASE)


def usual_schedule() -> Schedule:
    """Return the schedule of a new workflow."""
    return [[0, 0.4], [20, 0.3], [40, 0.2], [60, 0.1]]


def share_at(schedule: Schedule, seen: int) -> float:
    """Return the share of training subjects for somebody who has seen so many subjects of the workflow."""
    return next((share for begin, share in reversed(schedule) if seen >= begin), 0.0)


def last_step(schedule: Schedule) -> int:
    """Return the number of subjects from which on the share stays as it is."""
    return int(schedule[-1][0]) if schedule else 0


def check_schedule(schedule: Any) -> None:
    """Raise ValidationError, with what to do about it, for a list that is no schedule."""
    if not _is_list_of_steps(schedule):
        raise ValidationError(_("A schedule is a list of steps, each with a number of subjects and a share."))
    if schedule[0][0] != 0 or any(later <= earlier for (earlier, _a), (later, _b) in pairwise(schedule)):
        raise ValidationError(_("The first step begins at 0 subjects, and each later one at more than the one before."))
    if len(schedule) > MOST_STEPS or schedule[-1][0] > LAST_STEP:
        raise ValidationError(
            _("A schedule has at most %(steps)d steps, and the last begins at %(last)d subjects or before.")
            % {"steps": MOST_STEPS, "last": LAST_STEP}
        )
    if any(not 0 <= share <= 1 for _begin, share in schedule):
        raise ValidationError(_("Each share lies between 0 (never) and 1 (always)."))
    if any(later > earlier for (_a, earlier), (_b, later) in pairwise(schedule)):
        raise ValidationError(_("The share falls from step to step: whoever has seen more needs less training."))


def as_text(schedule: Schedule) -> str:
    """Say a schedule as people write it: “0.4 until 20, 0.3 until 40, then 0.1”."""
    steps = [f"{share:g} until {int(end)}" for (_begin, share), (end, _next) in pairwise(schedule)]
    last = f"{schedule[-1][1]:g}"
    return ", ".join([*steps, f"then {last}"]) if steps else last


def from_text(text: str) -> Schedule:
    """Read what `as_text` says; raises ValidationError for anything else."""
    *steps, last = (part.strip() for part in text.split(","))
    schedule: Schedule = []
    begin = 0
    for step in steps:
        found = _STEP.match(step)
        if found is None:
            raise ValidationError(_wrong_step(step))
        schedule.append([begin, float(found["share"])])
        begin = int(found["until"])
    found = _LAST.match(last)
    if found is None:
        raise ValidationError(_wrong_step(last))
    schedule.append([begin, float(found["share"])])
    check_schedule(schedule)
    return schedule


def _wrong_step(step: str) -> str:
    example = "0.4 until 20, 0.3 until 40, 0.2 until 60, then 0.1"
    return _("“%(step)s” is no step. Write it like this: %(example)s") % {"step": step, "example": example}


def _is_list_of_steps(schedule: Any) -> bool:
    if not isinstance(schedule, list) or not schedule:
        return False
    return all(
        isinstance(step, list)
        and len(step) == 2
        and all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in step)
        and float(step[0]).is_integer()
        for step in schedule
    )
