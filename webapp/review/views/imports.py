"""Bring answers in: upload a file, look into it, start, watch, read what did not come in."""

from pathlib import Path
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from webapp.archive.access import person, survey_page
from webapp.archive.models import Survey
from webapp.archive.models.survey import Role
from webapp.core.messages import in_words
from webapp.review.intake.forms import LABELS_SHOWN, ChoicesForm, UploadForm
from webapp.review.intake.look import Look, look
from webapp.review.intake.record import BadFile
from webapp.review.intake.report import told
from webapp.review.intake.start import start_import
from webapp.review.intake.uploads import UploadRefused, keep_upload, remove_upload, upload_path
from webapp.review.models import ClassificationImport
from webapp.review.views.exchange import workflow_page
from webapp.volunteers.models import Workflow


@require_POST
@survey_page(Role.SCIENTIST)
def upload(request: HttpRequest, survey: Survey, workflow: str) -> HttpResponse:
    """Keep a file that can be read, and go on to what it holds."""
    into = get_object_or_404(Workflow, survey=survey, slug=workflow)
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return workflow_page(request, survey, into, form, status=400)
    try:
        token = keep_upload(into, form.cleaned_data["file"])
        _seen(into, token)
    except (UploadRefused, BadFile) as error:
        form.add_error("file", in_words(str(error)))
        return workflow_page(request, survey, into, form, status=400)
    return redirect("import-look", survey.slug, into.slug, token)


@require_safe
@survey_page(Role.SCIENTIST)
def look_into(request: HttpRequest, survey: Survey, workflow: str, token: str) -> HttpResponse:
    into = get_object_or_404(Workflow, survey=survey, slug=workflow)
    path, seen = _seen(into, token)
    form = ChoicesForm(seen, into, task=request.GET.get("task", ""))
    return _page(request, into, token, path, seen, form)


@require_POST
@survey_page(Role.SCIENTIST)
def start(request: HttpRequest, survey: Survey, workflow: str, token: str) -> HttpResponse:
    into = get_object_or_404(Workflow, survey=survey, slug=workflow)
    path, seen = _seen(into, token)
    form = ChoicesForm(seen, into, request.POST)
    choices = form.choices()
    if choices is None:
        return _page(request, into, token, path, seen, form, status=400)
    job = start_import(workflow=into, path=path, by=person(request), choices=choices)
    return redirect("import-run", survey.slug, into.slug, job.pk)


@require_safe
@survey_page(Role.SCIENTIST)
def import_run(request: HttpRequest, survey: Survey, workflow: str, pk: int) -> HttpResponse:
    return render(request, "review/import_run.html", _job(survey, workflow, pk))


@require_safe
@survey_page(Role.SCIENTIST)
def import_progress(request: HttpRequest, survey: Survey, workflow: str, pk: int) -> HttpResponse:
    """Return the part of the page that renews itself until the import is over."""
    return render(request, "review/import_progress.html", _job(survey, workflow, pk))


@require_POST
@survey_page(Role.SCIENTIST)
def import_cancel(request: HttpRequest, survey: Survey, workflow: str, pk: int) -> HttpResponse:
    job = get_object_or_404(ClassificationImport, workflow__survey=survey, workflow__slug=workflow, pk=pk)
    job.request_cancel()
    messages.info(request, _("The import ends after its current batch. What is in stays in."))
    return redirect("import-run", survey.slug, workflow, pk)


def _seen(workflow: Workflow, token: str) -> tuple[Path, Look]:
    """Return an uploaded file and what it holds; one that cannot be read is removed."""
    path = upload_path(workflow, token)
    if path is None:
        raise Http404(_("This file is not here any more. Upload it again."))
    try:
        return path, look(path, workflow)
    except BadFile:
        remove_upload(path)
        raise


def _page(
    request: HttpRequest, workflow: Workflow, token: str, path: Path, seen: Look, form: ChoicesForm, status: int = 200
) -> HttpResponse:
    context = {
        "survey": workflow.survey,
        "workflow": workflow,
        "token": token,
        "name": path.name,
        "seen": seen,
        "form": form,
        "more_labels": max(0, len(seen.labels[form["task"].value()]) - LABELS_SHOWN),
        "matched": max(known for known, _different in seen.keys.values()) if seen.keys else 0,
    }
    return render(request, "review/import_look.html", context, status=status)


def _job(survey: Survey, workflow: str, pk: int) -> dict[str, Any]:
    jobs = ClassificationImport.objects.select_related("workflow", "requested_by")
    job = get_object_or_404(jobs, workflow__survey=survey, workflow__slug=workflow, pk=pk)
    return {
        "survey": survey,
        "workflow": job.workflow,
        "job": job,
        "reasons": told(job),
        "meanings": [(label, answer) for label, answer in job.options["answers"].items() if answer],
    }
