"""The page of a survey's streams: what came in, how far behind the site is, and what was refused."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from webapp.archive.access import survey_page
from webapp.archive.models import Role, Survey
from webapp.core.csv_writer import csv_response
from webapp.core.fragments import fragment_of
from webapp.streams.models import Stream

SHOWN = 5
"""Dead letters of each stream on the page; the CSV file has all that are kept."""


@require_safe
@survey_page(Role.ADMIN)
def streams(request: HttpRequest, survey: Survey) -> HttpResponse:
    return render(request, "streams/streams.html", _context(survey))


@require_safe
@survey_page(Role.ADMIN)
@fragment_of("streams")
def streams_now(request: HttpRequest, survey: Survey) -> HttpResponse:
    """Return the fragment that refreshes itself while something listens."""
    return render(request, "streams/streams_now.html", _context(survey))


@require_safe
@survey_page(Role.ADMIN)
def dead_letters(request: HttpRequest, survey: Survey, pk: int) -> HttpResponseBase:
    """Return a stream's refused messages as CSV."""
    stream = get_object_or_404(Stream, survey=survey, pk=pk)
    columns = ("partition", "offset", "name", "reason", "created_at")
    rows = stream.dead_letters.values_list(*columns).iterator()
    return csv_response(f"stream-{stream.pk}-refused.csv", columns, rows)


def _context(survey: Survey) -> dict[str, Any]:
    found = [(stream, stream.dead_letters.all()[:SHOWN]) for stream in survey.streams.all()]
    return {
        "survey": survey,
        "streams": found,
        "is_listening": any(stream.is_listening for stream, _ in found),
    }
