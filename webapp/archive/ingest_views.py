"""Ingest pages: start an ingest, watch its progress, read its errors."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from webapp.archive.access import person, survey_page
from webapp.archive.forms import IngestForm
from webapp.archive.ingest.create_run import IngestRefused, inbox
from webapp.archive.ingest.remote_files import is_address
from webapp.archive.models import IngestRun, Kind, Role, Survey
from webapp.archive.models.ingest_run import MOST_PROBLEMS
from webapp.archive.uploads import unread_names, uploaded_names
from webapp.core.csv_writer import csv_response
from webapp.core.fragments import fragment_of

SHOWN = 30
PROBLEMS = 100
FILES = 3


@require_safe
@survey_page(Role.ADMIN)
def ingest(request: HttpRequest, survey: Survey) -> HttpResponse:
    return _page(request, survey, IngestForm())


@require_safe
@survey_page(Role.ADMIN)
@fragment_of("ingest")
def ingest_runs(request: HttpRequest, survey: Survey) -> HttpResponse:
    """Show the list of runs, which refreshes itself while one is open."""
    return render(request, "archive/ingest_runs.html", _runs(survey))


@require_POST
@survey_page(Role.ADMIN)
def ingest_start(request: HttpRequest, survey: Survey) -> HttpResponse:
    form = IngestForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, survey, form, status=400)
    try:
        run = form.start(survey, person(request))
    except IngestRefused as error:
        form.add_error(None, str(error))
        return _page(request, survey, form, status=400)
    return redirect("ingest-run", survey.slug, run.pk)


@require_safe
@survey_page(Role.ADMIN)
def ingest_run(request: HttpRequest, survey: Survey, pk: int) -> HttpResponse:
    return render(request, "archive/ingest_run.html", _context(survey, pk))


@require_safe
@survey_page(Role.ADMIN)
@fragment_of("ingest-run", "pk")
def ingest_progress(request: HttpRequest, survey: Survey, pk: int) -> HttpResponse:
    """Return the fragment that refreshes itself until the run is over."""
    return render(request, "archive/ingest_progress.html", _context(survey, pk))


@require_safe
@survey_page(Role.ADMIN)
def ingest_problems(request: HttpRequest, survey: Survey, pk: int) -> HttpResponseBase:
    """Return the problems that a run has kept as CSV."""
    run = get_object_or_404(IngestRun, survey=survey, pk=pk)
    columns = ("file", "row", "reason", "is_warning")
    return csv_response(f"ingest-{run.pk}-problems.csv", columns, run.problems.values_list(*columns).iterator())


@require_POST
@survey_page(Role.ADMIN)
def ingest_cancel(request: HttpRequest, survey: Survey, pk: int) -> HttpResponse:
    run = get_object_or_404(IngestRun, survey=survey, pk=pk)
    run.request_cancel()
    messages.info(
        request, _("The ingest stops after the current batch. What was ingested stays; start it again to continue.")
    )
    return redirect("ingest-run", survey.slug, run.pk)


def _page(request: HttpRequest, survey: Survey, form: IngestForm, status: int = 200) -> HttpResponse:
    folder = inbox(survey)
    names = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    context = {"form": form, "inbox": folder, "names": names, "has_archives": bool(settings.REMOTE_ARCHIVES)}
    return render(request, "archive/ingest.html", context | _runs(survey), status=status)


def _runs(survey: Survey) -> dict[str, Any]:
    runs = list(IngestRun.objects.filter(survey=survey).select_related("requested_by")[:SHOWN])
    return {"survey": survey, "runs": runs, "is_running": any(not run.is_over for run in runs)}


def _context(survey: Survey, pk: int) -> dict[str, Any]:
    run = get_object_or_404(IngestRun.objects.select_related("requested_by", "survey"), survey=survey, pk=pk)
    problems = list(run.problems.filter(is_warning=False)[:PROBLEMS])
    names = uploaded_names(run)
    return {
        "survey": survey,
        "run": run,
        "problems": problems,
        "warnings": list(run.problems.filter(is_warning=True)[:PROBLEMS]),
        "kept": min(run.bad, MOST_PROBLEMS),
        "name": _name_in_inbox(run),
        "files": names[:FILES] or [run.path],
        "more_files": len(names[FILES:]),
        "unread": unread_names(run),
        "kind": _kind(run),
        "is_asked": survey.workflows.filter(subject_sets__name=run.subject_set).exists(),
    }


def _kind(run: IngestRun) -> str:
    """Return the run's given kind in the page's words; nothing if it is inferred from the files."""
    return str(Kind(run.kind).label) if run.kind else ""


def _name_in_inbox(run: IngestRun) -> str:
    """Return the run's path as in the form; nothing for a path outside the inbox, from the command line."""
    if is_address(run.path):
        return run.path
    folder, path = inbox(run.survey).resolve(), Path(run.path)
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else ""
