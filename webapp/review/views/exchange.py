"""Import & export: what can be taken out of a workflow, and what was brought in."""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from webapp.archive.access import survey_page
from webapp.archive.models import Survey
from webapp.archive.models.survey import Role
from webapp.review.exchange.exports import EXPORTS
from webapp.review.exchange.sending import file_response, site_address
from webapp.review.intake.forms import UploadForm
from webapp.review.models import ClassificationImport
from webapp.volunteers.models import Workflow

SHOWN = 20


@require_safe
@survey_page(Role.SCIENTIST)
def exchange(request: HttpRequest, survey: Survey) -> HttpResponse:
    """List the survey's workflows, each with its page."""
    return render(request, "review/exchange.html", {"survey": survey, "workflows": survey.workflows.all()})


@require_safe
@survey_page(Role.SCIENTIST)
def exchange_workflow(request: HttpRequest, survey: Survey, workflow: str) -> HttpResponse:
    return workflow_page(request, survey, get_object_or_404(Workflow, survey=survey, slug=workflow), UploadForm())


@require_safe
@survey_page(Role.SCIENTIST)
def export(request: HttpRequest, survey: Survey, workflow: str, name: str) -> HttpResponseBase:
    of = get_object_or_404(Workflow, survey=survey, slug=workflow)
    if name not in EXPORTS:
        raise Http404
    return file_response(request, EXPORTS[name], of)


def workflow_page(
    request: HttpRequest, survey: Survey, workflow: Workflow, form: UploadForm, status: int = 200
) -> HttpResponse:
    """Answer with the page of one workflow: what can be taken out, the form that brings in, and what came in."""
    context = {
        "survey": survey,
        "workflow": workflow,
        "exports": _exports(request, workflow),
        "form": form,
        "imports": ClassificationImport.objects.filter(workflow=workflow).select_related("requested_by")[:SHOWN],
        "most_megabytes": settings.MAX_UPLOAD // 2**20,
    }
    return render(request, "review/exchange_workflow.html", context, status=status)


def _exports(request: HttpRequest, workflow: Workflow) -> list[dict[str, Any]]:
    shown = []
    for name, each in EXPORTS.items():
        rows = each.rows(workflow)
        shown.append(
            {"name": name, "export": each, "rows": rows, "size": each.size(workflow, site_address(request), rows)}
        )
    return shown
