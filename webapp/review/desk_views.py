"""The desk: a queue of subjects that wait for a scientist: a list, a contact sheet, or one by one; and its viewer."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from webapp.archive.access import person, survey_page
from webapp.archive.drawable import drawable, frames_of
from webapp.archive.models import Role, Subject, Survey
from webapp.core.bounded_count import MOST_COUNTED, count_some
from webapp.core.fragments import fragment_of
from webapp.core.keyset_pagination import neighbours, query_with
from webapp.learning.model_roles import role_of
from webapp.learning.promotion import champion_of, previous_champion
from webapp.review.bulk import MOST_AT_ONCE
from webapp.review.bulk_views import last_of
from webapp.review.consensus_browser import models_of
from webapp.review.lines import annotations_of
from webapp.review.queue_form import NAMES, VIEWS, filters_of
from webapp.review.queue_rows import consensus_of
from webapp.review.queues import QUEUES
from webapp.review.row_words import words_of
from webapp.review.verdict_panel import panel_context, panels_of
from webapp.workflows.models import Workflow
from webapp.workflows.workflow_page import workflow_page


@require_safe
@survey_page(Role.SCIENTIST)
def desk(request: HttpRequest, survey: Survey) -> HttpResponse:
    filters, reader = filters_of(survey, request.GET), person(request)
    rows = filters.rows(reader)
    page = filters.page(rows)
    workflow = filters.workflow
    shown = consensus_of(workflow, rows, page.keys) if workflow else []
    panels = panels_of(workflow, [row.subject for row in shown], reader) if workflow else {}
    words = words_of(shown, models_of(workflow, shown)) if workflow else {}
    champion = champion_of(survey, role_of(workflow)) if workflow else None
    is_continued = bool(request.headers.get("HX-Request")) and "after" in request.GET  # by the page, while scrolling
    context = {
        "workflow": workflow,
        "form": filters.form,
        "filters": filters,
        "queues": [(name, label, query_with(request.GET, queue=name, sort=None)) for name, label in NAMES],
        "views": [(name, label, query_with(request.GET, view=name)) for name, label in VIEWS],
        "active_filters": filters.form.active(request.GET),
        "any_state": query_with(request.GET, state="all"),
        "champion": champion,
        "predecessor": previous_champion(champion) if filters.queue == "changed" else None,
        "needs_champion": QUEUES[filters.queue].needs_champion,
        "rows": [{"row": row, "panel": panels[row.subject_id], "words": words[row.subject_id]} for row in shown],
        "newest_night": None if shown else filters.elsewhere(),
        "viewer": viewer_config(survey),
        "is_single": filters.view == "single",
        "total": 0 if is_continued else count_some(rows),
        "most": MOST_COUNTED,
        **neighbours(request.GET, page),
        "back": request.GET.urlencode(),
        "last": None if is_continued else last_of(request, workflow),
        "most_at_once": MOST_AT_ONCE,
        "is_folded": is_continued,
        **panel_context(survey),
    }
    template = "review/desk_rows.html" if is_continued else "review/desk.html"
    return render(request, template, context, status=400 if filters.form.errors else 200)


def viewer_config(survey: Survey) -> dict[str, Any]:
    """Return what the desk's viewer needs before it shows a subject."""
    return {"channels": survey.channels, "lines": 0, "annotated": True}


@require_safe
@survey_page(Role.SCIENTIST)
@fragment_of("review")
def desk_count(request: HttpRequest, survey: Survey) -> HttpResponse:
    """Return how many subjects wait by now, as a fragment; the page asks after each verdict."""
    total = count_some(filters_of(survey, request.GET).rows(person(request)))
    context = {"survey": survey, "total": total, "most": MOST_COUNTED, "back": request.GET.urlencode()}
    return render(request, "review/desk_count.html", context)


@require_safe
@workflow_page(Role.SCIENTIST)
def desk_subject(request: HttpRequest, workflow: Workflow, pk: int) -> HttpResponse:
    """Return what the viewer needs to draw a subject, with the lines on it; rows ask when they are looked at."""
    subject = get_object_or_404(Subject.objects.select_related("survey"), survey=workflow.survey_id, pk=pk)
    facts = drawable(subject, frames_of([pk])[pk], subject.survey)
    return JsonResponse(facts | {"annotations": annotations_of(subject, workflow).drawn()})
