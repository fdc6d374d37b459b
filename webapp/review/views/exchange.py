"""Import & export: what can be taken out of a workflow, and what was brought in."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from webapp.archive.access import survey_page
from webapp.archive.models import Role, Survey
from webapp.review.exchange.exports import EXPORTS
from webapp.review.exchange.sending import file_response, site_address
from webapp.volunteers.models import Workflow


@require_safe
@survey_page(Role.SCIENTIST)
def exchange(request: HttpRequest, survey: Survey) -> HttpResponse:
    """List the survey's workflows, each with its page."""
    return render(request, "review/exchange.html", {"survey": survey, "workflows": survey.workflows.all()})


@require_safe
@survey_page(Role.SCIENTIST)
def exchange_workflow(request: HttpRequest, survey: Survey, workflow: str) -> HttpResponse:
    of = get_object_or_404(Workflow, survey=survey, slug=workflow)
    context = {"survey": survey, "workflow": of, "exports": _exports(request, of)}
    return render(request, "review/exchange_workflow.html", context)


@require_safe
@survey_page(Role.SCIENTIST)
def export(request: HttpRequest, survey: Survey, workflow: str, name: str) -> HttpResponseBase:
    of = get_object_or_404(Workflow, survey=survey, slug=workflow)
    if name not in EXPORTS:
        raise Http404
    return file_response(request, EXPORTS[name], of)


def _exports(request: HttpRequest, workflow: Workflow) -> list[dict[str, Any]]:
    shown = []
    for name, each in EXPORTS.items():
        rows = each.rows(workflow)
        shown.append(
            {"name": name, "export": each, "rows": rows, "size": each.size(workflow, site_address(request), rows)}
        )
    return shown
