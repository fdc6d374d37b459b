"""Lineage of all models, in pages; the Models page shows the newest generations."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from webapp.archive.access import survey_page
from webapp.archive.models import Role, Survey
from webapp.core.request_values import whole_number
from webapp.learning.lineage import generations
from webapp.learning.lineage_graph import lay_out

NEWEST = 8  # runs on the Models page
PAGE = 60


@require_safe
@survey_page(Role.SCIENTIST)
def lineage(request: HttpRequest, survey: Survey) -> HttpResponse:
    context = lineage_context(survey, PAGE, whole_number(request.GET.get("before", "")))
    return render(request, "learning/lineage.html", context)


def lineage_context(survey: Survey, count: int = NEWEST, before: int | None = None) -> dict[str, Any]:
    """Return the drawing and the rows of a page, and the run before which an older page begins, if there is one."""
    rows = generations(survey, count + 1, before)
    shown = rows[:count]
    older = shown[-1].run.pk if len(rows) > count else None
    return {"survey": survey, "lineage": lay_out(shown), "generations": shown, "older": older}
