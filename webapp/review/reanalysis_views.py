"""Reanalysis page: nightly Dawid–Skene by version, and its disagreements with the live consensus."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from webapp.archive.access import person
from webapp.archive.models import Role
from webapp.consensus.batch_aggregation import aggregation_disagreements, start_aggregation
from webapp.consensus.models import AggregatedPosterior, Aggregation
from webapp.core.csv_writer import csv_response
from webapp.core.fragments import fragment_of
from webapp.core.jobs import JobState
from webapp.review.desk_views import viewer_config
from webapp.review.row_words import reanalysis_words
from webapp.review.verdict_panel import panel_context, panels_of
from webapp.workflows.models import Workflow
from webapp.workflows.workflow_page import beside, workflow_page

PAGE = 50
VERSIONS = 20
CSV_COLUMNS = ("external_id", "version", "dawid_skene", "live")


@require_safe
@workflow_page(Role.SCIENTIST)
def reanalysis(request: HttpRequest, workflow: Workflow) -> HttpResponse:
    latest = _latest(workflow)
    rows = aggregation_disagreements(latest) if latest else AggregatedPosterior.objects.none()
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    panels = panels_of(workflow, [row.subject for row in page], person(request))
    context = {
        "page": page,
        "rows": [{"row": row, "panel": panels[row.subject_id], "words": reanalysis_words(row)} for row in page],
        "viewer": viewer_config(workflow.survey),
        **panel_context(workflow.survey),
        **_versions(workflow),
        **beside(workflow, "reanalysis"),
    }
    return render(request, "review/reanalysis.html", context)


@require_safe
@workflow_page(Role.SCIENTIST)
@fragment_of("reanalysis", "workflow")
def aggregation_versions(request: HttpRequest, workflow: Workflow) -> HttpResponse:
    """Return the fragment that refreshes itself while a worker is running."""
    context = {"survey": workflow.survey, "workflow": workflow, **_versions(workflow)}
    response = render(request, "review/versions.html", context)
    if not context["job"]:
        response["HX-Refresh"] = "true"  # finished: the list below has changed
    return response


@require_POST
@workflow_page(Role.SCIENTIST)
def start_reanalysis(request: HttpRequest, workflow: Workflow) -> HttpResponse:
    start_aggregation(workflow, by=person(request))
    return redirect("reanalysis", workflow.survey.slug, workflow.slug)


@require_safe
@workflow_page(Role.SCIENTIST)
def reanalysis_csv(request: HttpRequest, workflow: Workflow) -> HttpResponseBase:
    latest = _latest(workflow)
    posteriors = aggregation_disagreements(latest).iterator(chunk_size=2000) if latest else ()
    rows = ((row.subject.external_id, latest.version, row.posterior, row.live) for row in posteriors if latest)
    return csv_response(f"reanalysis-{workflow.slug}.csv", CSV_COLUMNS, rows)


def _latest(workflow: Workflow) -> Aggregation | None:
    return Aggregation.objects.filter(workflow=workflow, version__isnull=False).order_by("-version").first()


def _versions(workflow: Workflow) -> dict[str, object]:
    of_workflow = Aggregation.objects.filter(workflow=workflow)
    job = of_workflow.open().first()
    failed = of_workflow.first()
    return {
        "versions": of_workflow.filter(version__isnull=False).order_by("-version")[:VERSIONS],
        "job": job,
        "failed": failed if failed and failed.state == JobState.FAILED else None,
    }
