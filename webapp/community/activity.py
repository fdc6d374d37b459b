"""Activity: classifications by hour, day or week, the time that a volunteer spent, and a certificate as PDF."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from datetime import timezone as fixed
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, DurationField, ExpressionWrapper, F, Max, Min, QuerySet, Sum, Value
from django.db.models.functions import Greatest, Least, TruncDay, TruncHour, TruncWeek
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from fpdf import FPDF
from fpdf.enums import XPos, YPos
from pymupdf_fonts import myfont

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


FACES = {"": "notos", "B": "notosbo"}
INK, QUIET, LINE = (22, 25, 29), (86, 93, 102), (36, 70, 176)


@dataclass(frozen=True)
class Certificate:
    """Name, activity, period, site, and date of issue."""

    name: str
    effort: Effort
    since: date
    until: date
    site: str
    issued: date


def to_pdf(certificate: Certificate) -> bytes:
    """Draw the certificate on one A4 page, in the active language."""
    page = FPDF(orientation="landscape", format="A4")
    page.set_title(_("Certificate of participation"))
    for style, path in _faces().items():
        page.add_font("site", style, path)
    page.set_auto_page_break(False)
    page.add_page()
    _frame(page)
    _text(page, certificate)
    return bytes(page.output())


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


def _frame(page: FPDF) -> None:
    page.set_draw_color(*LINE)
    page.set_line_width(0.8)
    page.rect(12, 12, page.w - 24, page.h - 24, round_corners=True, corner_radius=4)
    page.line(page.w / 2 - 9, 41, page.w / 2 + 3, 29)
    page.set_fill_color(*LINE)
    page.ellipse(page.w / 2 + 2.5, 21.5, 8, 8, style="F")


def _text(page: FPDF, certificate: Certificate) -> None:
    effort = certificate.effort
    answers = ngettext("%(n)s picture", "%(n)s pictures", effort.answers) % {
        "n": f"{effort.answers:,}".replace(",", " ")
    }
    days = {"since": date_format(certificate.since), "until": date_format(certificate.until)}
    page.set_y(56)
    _line(page, _("Certificate of participation"), 26, "B", 16)
    _line(page, certificate.name, 20, "B", 14, LINE)
    _line(page, _("searched for moving worlds with Wanderers and classified"), 13, "", 10)
    _line(
        page, _("%(pictures)s in %(time)s") % {"pictures": answers, "time": effort_in_words(effort.spent)}, 20, "B", 14
    )
    _line(page, _("from %(since)s to %(until)s (UTC).") % days, 13, "", 16)
    page.set_y(-52)
    _line(page, _what_counts(), 9, "", 5, QUIET)
    facts = {"site": certificate.site, "day": date_format(certificate.issued)}
    page.set_y(-30)
    _line(page, _("%(site)s, %(day)s") % facts, 10, "", 6, QUIET)


def _what_counts() -> str:
    return _(
        "Includes classifications that were not undone. Time runs from each image's appearance to its "
        "answer, up to %(minutes)d minutes each. Classifications without times count only as images."
    ) % {"minutes": LONGEST.total_seconds() // 60}


def _line(page: FPDF, text: str, size: int, style: str, height: int, colour: tuple[int, int, int] = INK) -> None:
    page.set_font("site", style, size)
    page.set_text_color(*colour)
    page.set_x(30)
    page.multi_cell(page.w - 60, height, text, align="C", new_x=XPos.LMARGIN, new_y=YPos.NEXT)


@cache
def _faces() -> dict[str, Path]:
    """Extract the fonts, which come inside Python modules, to files for the PDF; once per process."""
    folder = Path(mkdtemp(prefix="wanderers-fonts-"))
    paths = {style: folder / f"{name}.ttf" for style, name in FACES.items()}
    for style, name in FACES.items():
        paths[style].write_bytes(myfont(name))
    return paths
