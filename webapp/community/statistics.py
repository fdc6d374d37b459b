"""Classifications by hour, day and week, of all, a survey, a group or oneself; and milestones reached together."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import count, takewhile
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from webapp.archive.models import Survey
from webapp.classifications.models import Classification
from webapp.community.activity import TRUNCATE, answers_by
from webapp.community.group_models import Group
from webapp.community.groups import answers_of_group
from webapp.core.cached_figures import cached_figure
from webapp.core.csv_writer import csv_response
from webapp.volunteers.models import Volunteer

STEPS = [("hour", _("by hour")), ("day", _("by day")), ("week", _("by week"))]
BARS = {"hour": "D H:i", "day": "j M", "week": "j M"}
ROWS = {"hour": "D H:i", "day": "MONTH_DAY_FORMAT", "week": "MONTH_DAY_FORMAT"}
COLUMNS = ("beginning", "classifications")
UTC = ZoneInfo("UTC")


@dataclass(frozen=True)
class Statistics:
    """Counts of standing classifications, oldest first, each with the beginning of its hour, day or week.

    `simulated` volunteers' classifications are in the counts, and reach no milestones.
    """

    step: str
    zone: ZoneInfo
    total: int
    rows: list[tuple[datetime, int]]
    simulated: int = 0

    def milestones(self) -> dict[str, Any]:
        return milestones(self.total - self.simulated)

    def csv(self, name: str) -> StreamingHttpResponse:
        return csv_response(f"{name}-by-{self.step}.csv", COLUMNS, [(at.isoformat(), n) for at, n in self.rows])

    def context(self) -> dict[str, Any]:
        """Return the template context of the chart, its table and the milestones."""
        labels = [date_format(at, BARS[self.step]) for at, _n in self.rows]
        counts = [n for _at, n in self.rows]
        return {
            "step": self.step,
            "steps": STEPS,
            "zone": self.zone.key,
            "total": self.total,
            "simulated": self.simulated,
            "rows": [(date_format(at, ROWS[self.step]), n) for at, n in reversed(self.rows)],
            "plot": {"labels": labels, "counts": counts},
            **self.milestones(),
        }


def own_answers(volunteer: Volunteer | None) -> QuerySet[Classification]:
    return Classification.objects.standing().filter(volunteer=volunteer)


def statistics_of_self(volunteer: Volunteer | None, step: str, zone: ZoneInfo) -> Statistics:
    return _counted(own_answers(volunteer), step, zone)


def statistics_of_group(group: Group, step: str, zone: ZoneInfo) -> Statistics:
    return _counted(answers_of_group(group), step, zone)


def public_statistics(survey: Survey | None, step: str) -> Statistics:
    """Return the counts of a survey, or of the whole site, in UTC; cached, since they cost the same for everybody."""
    answers = Classification.objects.standing()
    answers = answers.filter(workflow__survey=survey) if survey else answers
    return cached_figure(f"statistics-{survey.pk if survey else 'all'}-{step}", lambda: _counted(answers, step, UTC))


def _counted(answers: QuerySet[Classification], step: str, zone: ZoneInfo) -> Statistics:
    of_simulated = Count("pk", filter=Q(volunteer__is_simulated=True))
    numbers = answers.aggregate(total=Count("pk"), simulated=of_simulated)
    return Statistics(step, zone, rows=answers_by(answers, step, zone), **numbers)


def asked_step(request: HttpRequest) -> str:
    """Return the interval in the URL, a day by default."""
    step = request.GET.get("by", "day")
    return step if step in TRUNCATE else "day"


def asked_zone(request: HttpRequest) -> ZoneInfo:
    """Return the time zone in the URL, UTC by default."""
    name = request.GET.get("zone", "")
    return ZoneInfo(name if name in available_timezones() else "UTC")


def milestones(total: int) -> dict[str, Any]:
    """Return the highest milestone `reached` (None below the first), and the `next_milestone`."""
    reached = list(takewhile(lambda each: each <= total, _milestones()))
    return {
        "reached": reached[-1] if reached else None,
        "next_milestone": next(each for each in _milestones() if each > total),
    }


def _milestones() -> Iterator[int]:
    """Yield 10, 50, 100, 500, 1000 and so on."""
    return (factor * 10**power for power in count(1) for factor in (1, 5))
