"""Import & export pages: exports of a workflow, upload, preview, start, progress."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from ml.io.message import Message, message_of
from webapp.archive.access import person, survey_page
from webapp.archive.models import Role, Survey
from webapp.core.fragments import fragment_of
from webapp.core.stored_messages import in_words
from webapp.exports.catalogue import FORMATS, TooMany, catalogue_response
from webapp.exports.formats import EXPORTS, file_response
from webapp.imports.bundle_views import bundle_form
from webapp.imports.forecast import forecast_import
from webapp.imports.foreign_record import BadFile
from webapp.imports.forms import LABELS_SHOWN, ChoicesForm, UploadForm
from webapp.imports.inspect import Inspection, inspect_file
from webapp.imports.mapping import Choices
from webapp.imports.models import ClassificationImport
from webapp.imports.run_import import (
    UploadRefused,
    remove_upload,
    start_import,
    store_import_file,
    upload_path,
)
from webapp.imports.store_votes import left_out
from webapp.workflows.models import Workflow
from webapp.workflows.workflow_page import workflow_page

SHOWN = 20


@require_safe
@survey_page(Role.SCIENTIST)
def exchange(request: HttpRequest, survey: Survey) -> HttpResponse:
    """List the survey's workflows, with a page for each, and the formats of its catalogue."""
    context = {"survey": survey, "workflows": survey.workflows.all(), "formats": FORMATS}
    context |= bundle_form(request, survey)
    return render(request, "imports/exchange.html", context)


@require_safe
@survey_page(Role.SCIENTIST)
def catalogue(request: HttpRequest, survey: Survey, suffix: str) -> HttpResponseBase:
    if suffix not in FORMATS:
        raise Http404
    try:
        return catalogue_response(survey, suffix)
    except TooMany as error:
        messages.error(request, str(error))
        return redirect("exchange", survey.slug)


@require_safe
@workflow_page(Role.SCIENTIST)
def exchange_workflow(request: HttpRequest, workflow: Workflow) -> HttpResponse:
    return exchange_page(request, workflow, UploadForm())


@require_safe
@workflow_page(Role.SCIENTIST)
def export(request: HttpRequest, workflow: Workflow, name: str) -> HttpResponseBase:
    if name not in EXPORTS:
        raise Http404
    return file_response(request, EXPORTS[name], workflow)


def exchange_page(request: HttpRequest, workflow: Workflow, form: UploadForm, status: int = 200) -> HttpResponse:
    """Show one workflow's page: exports, the import form, and past imports."""
    context = {
        "survey": workflow.survey,
        "workflow": workflow,
        "exports": [
            {"name": name, "export": each, "rows": each.rows(workflow) if each.rows else None}
            for name, each in EXPORTS.items()
        ],
        "form": form,
        "imports": ClassificationImport.objects.filter(workflow=workflow).select_related("requested_by")[:SHOWN],
        "most_megabytes": settings.MAX_UPLOAD // 2**20,
    }
    return render(request, "imports/exchange_workflow.html", context, status=status)


@require_POST
@workflow_page(Role.SCIENTIST)
def upload(request: HttpRequest, workflow: Workflow) -> HttpResponse:
    """Store a readable file, and redirect to its preview."""
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return exchange_page(request, workflow, form, status=400)
    try:
        token = store_import_file(workflow, form.cleaned_data["file"])
        _inspected(workflow, token)
    except (UploadRefused, BadFile) as error:
        form.add_error("file", in_words(message_of(error)))
        return exchange_page(request, workflow, form, status=400)
    return redirect("import-inspect", workflow.survey.slug, workflow.slug, token)


@require_safe
@workflow_page(Role.SCIENTIST)
def inspect_upload(request: HttpRequest, workflow: Workflow, token: str) -> HttpResponse:
    path, inspected = _inspected(workflow, token)
    form = ChoicesForm(inspected, workflow, task=request.GET.get("task", ""))
    guessed = ChoicesForm(inspected, workflow, form.as_shown()).choices()
    return _page(request, workflow, token, path, inspected, form, choices=guessed)


@require_POST
@workflow_page(Role.SCIENTIST)
def start(request: HttpRequest, workflow: Workflow, token: str) -> HttpResponse:
    path, inspected = _inspected(workflow, token)
    form = ChoicesForm(inspected, workflow, request.POST)
    choices = form.choices()
    if choices is None:
        return _page(request, workflow, token, path, inspected, form, status=400)
    if "forecast" in request.POST:
        return _page(request, workflow, token, path, inspected, form, choices=choices)
    job = start_import(workflow=workflow, path=path, by=person(request), choices=choices)
    return redirect("import-run", workflow.survey.slug, workflow.slug, job.pk)


@require_safe
@survey_page(Role.SCIENTIST)
def import_run(request: HttpRequest, survey: Survey, workflow: str, pk: int) -> HttpResponse:
    return render(request, "imports/run.html", _job(survey, workflow, pk))


@require_safe
@survey_page(Role.SCIENTIST)
@fragment_of("import-run", "workflow", "pk")
def import_progress(request: HttpRequest, survey: Survey, workflow: str, pk: int) -> HttpResponse:
    """Return the fragment that refreshes itself until the import is over."""
    return render(request, "imports/progress.html", _job(survey, workflow, pk))


@require_POST
@survey_page(Role.SCIENTIST)
def import_cancel(request: HttpRequest, survey: Survey, workflow: str, pk: int) -> HttpResponse:
    job = get_object_or_404(ClassificationImport, workflow__survey=survey, workflow__slug=workflow, pk=pk)
    job.request_cancel()
    messages.info(request, _("The import stops after the current batch. What was imported stays."))
    return redirect("import-run", survey.slug, workflow, pk)


def _inspected(workflow: Workflow, token: str) -> tuple[Path, Inspection]:
    """Return an uploaded file and its preview; an unreadable one is deleted."""
    path = upload_path(workflow, token)
    if path is None:
        raise Http404(Message("This file is gone. Upload it again."))
    try:
        return path, inspect_file(path, workflow)
    except BadFile:
        remove_upload(path)
        raise


def _page(
    request: HttpRequest,
    workflow: Workflow,
    token: str,
    path: Path,
    inspected: Inspection,
    form: ChoicesForm,
    status: int = 200,
    choices: Choices | None = None,
) -> HttpResponse:
    context = {
        "survey": workflow.survey,
        "workflow": workflow,
        "forecast": forecast_import(workflow, path, choices) if choices else None,
        "token": token,
        "name": path.name,
        "seen": inspected,
        "form": form,
        "more_labels": max(0, len(inspected.labels[form["task"].value()]) - LABELS_SHOWN),
        "matched": max(known for known, _different in inspected.keys.values()) if inspected.keys else 0,
    }
    return render(request, "imports/inspect.html", context, status=status)


def _job(survey: Survey, workflow: str, pk: int) -> dict[str, Any]:
    jobs = ClassificationImport.objects.select_related("workflow", "requested_by")
    job = get_object_or_404(jobs, workflow__survey=survey, workflow__slug=workflow, pk=pk)
    return {
        "survey": survey,
        "workflow": job.workflow,
        "job": job,
        "reasons": left_out(job.report),
        "meanings": [(label, answer) for label, answer in job.options["answers"].items() if answer],
    }
