"""Known objects page: the unidentified movers, the subjects with a known object near them, and the match job."""

from collections.abc import Callable, Iterator
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from webapp.archive.access import person, survey_page
from webapp.archive.models import Role, Subject, Survey
from webapp.core.csv_writer import csv_response
from webapp.known_objects.models import MatchRun, OrbitCatalogue
from webapp.known_objects.start_match import start_match
from webapp.known_objects.unidentified import identified, unidentified

LISTS: dict[str, Callable[[Survey], QuerySet[Subject]]] = {"unidentified": unidentified, "identified": identified}
TABS = [("unidentified", gettext_lazy("Unidentified")), ("identified", gettext_lazy("Known object nearby"))]
SHOWN = 200
SUBJECT_COLUMNS = ["subject", "mjd", "ra", "dec", "rate", "detections", "orbit_days"]
MATCH_COLUMNS = [
    "object",
    "object_detections",
    "separation",
    "along",
    "across",
    "orbit_error",
    "magnitude",
    "predicted_rate",
]


@require_safe
@survey_page(Role.SCIENTIST)
def known_objects(request: HttpRequest, survey: Survey) -> HttpResponse:
    show = request.GET.get("show", "unidentified")
    rows = LISTS.get(show, unidentified)(survey)
    context: dict[str, Any] = {
        "survey": survey,
        "show": show if show in LISTS else "unidentified",
        "tabs": TABS,
        "rows": rows[:SHOWN],
        "count": rows.count(),
        "shown": SHOWN,
        "catalogue": OrbitCatalogue.objects.first(),
        "run": MatchRun.objects.filter(survey=survey).first(),
    }
    return render(request, "known_objects/known_objects.html", context)


@require_safe
@survey_page(Role.SCIENTIST)
def known_objects_csv(request: HttpRequest, survey: Survey, show: str) -> StreamingHttpResponse:
    if show not in LISTS:
        raise Http404
    header = [*SUBJECT_COLUMNS, *(MATCH_COLUMNS if show == "identified" else [])]
    return csv_response(f"{survey.slug}-{show}.csv", header, _lines(LISTS[show](survey), matches=show == "identified"))


@require_POST
@survey_page(Role.SCIENTIST)
def match_now(request: HttpRequest, survey: Survey) -> HttpResponse:
    if start_match(survey, by=person(request)) is None:
        messages.error(request, _("No orbits are loaded yet. An administrator loads them: manage.py load_orbits FILE"))
    else:
        messages.success(request, _("A worker is comparing the subjects with the known objects."))
    return redirect("known-objects", survey.slug)


def _lines(rows: QuerySet[Subject], *, matches: bool) -> Iterator[list[Any]]:
    for row in rows.iterator(chunk_size=1000):
        check = row.identity_check
        start = [row.external_id, row.mjd, row.ra, row.dec, row.rate, check.detections, check.orbit_days]
        if not matches:
            yield start
            continue
        for each in row.known_matches.all():
            place = [each.separation, each.along, each.across]
            yield [*start, each.designation, each.detections, *place, each.orbit_error, each.magnitude, each.rate]
