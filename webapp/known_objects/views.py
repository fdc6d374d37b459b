"""Known objects page: the unidentified movers, the subjects with a known object near them, and the match job."""

from collections.abc import Callable, Iterator
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from ml.sky.orbits import OLD_DAYS
from webapp.archive.access import person, survey_page
from webapp.archive.models import Role, Subject, Survey
from webapp.core.csv_writer import csv_response
from webapp.core.request_values import chosen
from webapp.known_objects.models import LONGEST_NOTE, KnownMatch, MatchRun, OrbitCatalogue, OrbitLoad
from webapp.known_objects.rule_out import NotOneObject, rule_out, take_back
from webapp.known_objects.start_match import start_match
from webapp.known_objects.unidentified import HAS_OLD_ELEMENTS, identified, unidentified

LISTS: dict[str, Callable[[Survey], QuerySet[Subject]]] = {"unidentified": unidentified, "identified": identified}
TABS = [("unidentified", gettext_lazy("Unidentified")), ("identified", gettext_lazy("Known object nearby"))]
SHOWN = 200
SUBJECT_COLUMNS = ["subject", "mjd", "ra", "dec", "rate", "detections", "orbit_days"]
MATCH_COLUMNS = [
    "object",
    "object_detections",
    "separation",
    "along",
    "sigma_along",
    "across",
    "sigma_across",
    "sigmas",
    "orbit_error",
    "magnitude",
    "predicted_rate",
    "is_ruled_out",
]


@require_safe
@survey_page(Role.SCIENTIST)
def known_objects(request: HttpRequest, survey: Survey) -> HttpResponse:
    show = chosen(request.GET, "show", LISTS, usual="unidentified")
    rows, catalogue = LISTS[show](survey), OrbitCatalogue.objects.first()
    context: dict[str, Any] = {
        "survey": survey,
        "show": show,
        "tabs": TABS,
        "rows": rows[:SHOWN],
        "count": rows.count(),
        "shown": SHOWN,
        "catalogue": catalogue,
        "run": MatchRun.objects.filter(survey=survey).first(),
        "load": _load_since(catalogue),
        "old_days": round(OLD_DAYS),
        "has_old": rows.filter(HAS_OLD_ELEMENTS).exists(),
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


@require_POST
@survey_page(Role.SCIENTIST)
def match_rule_out(request: HttpRequest, survey: Survey, pk: int) -> HttpResponse:
    match = get_object_or_404(KnownMatch.objects.select_related("subject"), subject__survey=survey, pk=pk)
    if request.POST.get("take_back"):
        take_back(match=match)
    else:
        try:
            rule_out(match=match, by=person(request), note=request.POST.get("note", "").strip()[:LONGEST_NOTE])
        except NotOneObject:
            messages.error(request, _("A large image or a cube may show several objects: none can be ruled out."))
    return redirect(f"{reverse('motion', args=[survey.slug, match.subject_id])}#known")


def _load_since(catalogue: OrbitCatalogue | None) -> OrbitLoad | None:
    """Return the last scheduled load, unless a version was loaded after it."""
    load = OrbitLoad.objects.first()
    is_past = load and catalogue and load.finished_at and load.finished_at < catalogue.loaded_at
    return None if is_past else load


def _lines(rows: QuerySet[Subject], *, matches: bool) -> Iterator[list[Any]]:
    for row in rows.iterator(chunk_size=1000):
        check = row.identity_check
        start = [row.external_id, row.mjd, row.ra, row.dec, row.rate, check.detections]
        if not matches:
            yield [*start, check.orbit_days]
            continue
        for each in row.known_matches.all():
            place = [each.separation, each.along, each.sigma_along, each.across, each.sigma_across, each.sigmas]
            days = check.orbit_days if each.orbit_days is None else each.orbit_days
            predicted = [each.orbit_error, each.magnitude, each.rate]
            yield [*start, days, each.designation, each.detections, *place, *predicted, each.is_ruled_out]
