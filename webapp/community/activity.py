"""Activity: classifications by hour, day or week, and the time that a volunteer spent."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from datetime import timezone as fixed
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, DurationField, ExpressionWrapper, F, Max, Min, QuerySet, Sum, Value
from django.db.models.functions import Greatest, Least, TruncDay, TruncHour, TruncWeek
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from webapp.classifications.models import Classification
from webapp.volunteers.models import Volunteer

LONGEST = timedelta(minutes=2)
"""Maximum time counted for an answer: the rest was a pause."""

TRUNCATE = {"hour": TruncHour, "day": TruncDay, "week": TruncWeek}
SHOWN = {"hour": 48, "day": 30, "week": 26}


@dataclass(frozen=True)
class Effort:
    """Number of standing answers, the time spent on them, and the first and last one."""

    answers: int
    spent: timedelta
    first: datetime | None
    last: datetime | None


def effort_of(volunteer: Volunteer, *, since: date | None = None, until: date | None = None) -> Effort:
    """Summarise a volunteer's standing answers, of all time or from the day `since` to the day `until`, UTC."""
    answers = Classification.objects.standing().filter(volunteer=volunteer)
    if since:
        answers = answers.filter(created_at__gte=_midnight(since))
    if until:
        answers = answers.filter(created_at__lt=_midnight(until) + timedelta(days=1))
    took = ExpressionWrapper(F("finished_at") - F("started_at"), output_field=DurationField())
    counted = Greatest(Least(took, Value(LONGEST)), Value(timedelta(0)))
    timed = answers.filter(started_at__isnull=False, finished_at__isnull=False)
    spent = timed.aggregate(spent=Sum(counted))["spent"] or timedelta(0)
    total = answers.aggregate(answers=Count("pk"), first=Min("created_at"), last=Max("created_at"))
    return Effort(spent=spent, **total)


def answers_by(answers: QuerySet[Classification], step: str, zone: ZoneInfo) -> list[tuple[datetime, int]]:
    """Count the answers of the last hours, days or weeks, each as (its start in the zone, count).

    The newest comes last; empty steps are included with 0. A day of 23 or 25 hours is one day, and an hour repeated by
    the clock change is two.
    """
    now = timezone.now().astimezone(zone)
    starts = _hours(now) if step == "hour" else _dates(now, step)
    # Hours use a fixed offset: by wall-clock time, an hour repeated by a clock change would be one.
    clock = fixed(now.utcoffset() or timedelta(0)) if step == "hour" else zone
    counts = {row["start"].astimezone(UTC): row["n"] for row in _counted(answers, step, clock, starts[0])}
    return [(start, counts.get(start.astimezone(UTC), 0)) for start in starts]


def _counted(
    answers: QuerySet[Classification], step: str, clock: tzinfo, since: datetime
) -> QuerySet[Classification, Any]:
    recent = answers.filter(created_at__gte=since)
    return recent.annotate(start=TRUNCATE[step]("created_at", tzinfo=clock)).values("start").annotate(n=Count("pk"))


def _hours(now: datetime) -> list[datetime]:
    last = now.replace(minute=0, second=0, microsecond=0).astimezone(UTC)
    return [(last - timedelta(hours=n)).astimezone(now.tzinfo) for n in reversed(range(SHOWN["hour"]))]


def _dates(now: datetime, step: str) -> list[datetime]:
    """Return the midnights at which the days or weeks up to now begin; weeks begin on Monday."""
    length = timedelta(weeks=1) if step == "week" else timedelta(days=1)
    last = now.date() - timedelta(days=now.weekday() if step == "week" else 0)
    return [datetime.combine(last - n * length, time(), tzinfo=now.tzinfo) for n in reversed(range(SHOWN[step]))]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)


def effort_in_words(spent: timedelta) -> str:
    """Format a duration as hours and minutes."""
    minutes = int(spent.total_seconds()) // 60
    if spent and not minutes:
        return _("less than a minute")
    hours, minutes = divmod(minutes, 60)
    few = ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}
    if not hours:
        return few
    return ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours} + (f" {few}" if minutes else "")
