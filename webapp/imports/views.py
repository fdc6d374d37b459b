"""Import & export pages and their forms: exports of a workflow, upload, preview, start, progress."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from ml.io.message import Message, message_of
from webapp.archive.access import person, survey_page
from webapp.archive.models import Role, Survey
from webapp.classifications.presentation import PRESENTATIONS
from webapp.core.stored_messages import in_words
from webapp.exports.catalogue import FORMATS, TooMany, catalogue_response
from webapp.exports.formats import EXPORTS, file_response
from webapp.imports.bundle_views import bundle_form
from webapp.imports.foreign_record import METADATA, SUBJECT, BadFile
from webapp.imports.inspect import Inspection, guess_answers, inspect_file
from webapp.imports.mapping import Choices, WrongChoice
from webapp.imports.models import ClassificationImport
from webapp.imports.run_import import (
    SUFFIXES,
    UploadRefused,
    remove_upload,
    start_import,
    store_import_file,
    upload_path,
)
from webapp.imports.store_votes import left_out
from webapp.workflows.models import Workflow
from webapp.workflows.workflow_page import workflow_page

MEANINGS = [*((answer.value, shown.button) for answer, shown in PRESENTATIONS.items()), ("", gettext_lazy("skip"))]
LABELS_SHOWN = 60


class UploadForm(forms.Form):
    """A file to import."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy(
            "A Panoptes classification export (CSV), a list of classifications with the columns "
            "classification_id, user_name, subject_ids and an answer (CSV), or a Label Studio export "
            "(JSON)."
        ),
        widget=forms.ClearableFileInput({"accept": ",".join(SUFFIXES)}),
    )


class ChoicesForm(forms.Form):
    """The mapping of a file, preselected from its first rows."""

    source = forms.CharField(
        max_length=100,
        label=gettext_lazy("Source"),
        help_text=gettext_lazy(
            "Identifies classifications together with their ids. Use the same name for all files from one source."
        ),
    )
    match = forms.ChoiceField(label=gettext_lazy("Match subjects by"))
    task = forms.ChoiceField(label=gettext_lazy("Answer task"))
    follow_up_task = forms.ChoiceField(label=gettext_lazy("Follow-up task"), required=False)
    lines_task = forms.ChoiceField(label=gettext_lazy("Lines"), required=False)

    def __init__(self, inspected: Inspection, workflow: Workflow, *args: Any, task: str = "", **kwargs: Any) -> None:
        guessed = inspected.guess(workflow)
        chosen = task if task in inspected.labels else guessed.task
        kwargs["initial"] = vars(guessed) | {"task": chosen}
        super().__init__(*args, **kwargs)
        tasks = [(name, _titled(name, labels)) for name, labels in inspected.labels.items()]
        none = [("", gettext_lazy("none"))]
        lines = [(name, f"{name}: {number:,}") for name, number in inspected.lines.items()]
        self._offer("match", [(key, _key(key, *counts)) for key, counts in _by_matches(inspected)])
        self._offer("task", tasks)
        self._offer("follow_up_task", none + tasks)
        self._offer("lines_task", none + lines)
        if not workflow.line_marking or not lines:
            del self.fields["lines_task"]
        sent = self.data.get("task", "")
        label_counts = inspected.labels[sent if sent in inspected.labels else chosen]
        self.labels = [label for label, _number in label_counts.most_common(LABELS_SHOWN)]
        self._ask_meanings(label_counts, guess_answers(self.labels, workflow))

    def _offer(self, name: str, choices: list[Any]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    def _ask_meanings(self, labels: Mapping[str, int], guessed: Mapping[str, str]) -> None:
        for place, label in enumerate(self.labels):
            self.fields[f"label_{place}"] = forms.ChoiceField(
                choices=MEANINGS, required=False, label=f"{label} ({labels[label]:,})", initial=guessed[label]
            )

    def meanings(self) -> Iterator[forms.BoundField]:
        return (self[f"label_{place}"] for place in range(len(self.labels)))

    def choices(self) -> Choices | None:
        """Return the choices; None if the form has errors."""
        if not self.is_valid():
            return None
        cleaned = self.cleaned_data
        answers = {label: cleaned[f"label_{place}"] for place, label in enumerate(self.labels)}
        parts = {name: cleaned.get(name, "") for name in ("source", "match", "task", "follow_up_task", "lines_task")}
        try:
            return Choices(**parts, answers=answers)
        except WrongChoice as error:
            self.add_error(None, in_words(message_of(error)))
            return None


def _by_matches(inspected: Inspection) -> list[tuple[str, tuple[int, int]]]:
    keys = inspected.keys or {SUBJECT: (0, 0)}
    return sorted(keys.items(), key=lambda item: -item[1][0])


def _key(key: str, known: int, different: int) -> str:
    named = _("subject_ids") if key == SUBJECT else key.removeprefix(METADATA)
    return _("%(key)s: %(known)s of %(different)s matched") % {
        "key": named, "known": f"{known:,}", "different": f"{different:,}"
    }  # fmt: skip


def _titled(task: str, labels: Mapping[str, int]) -> str:
    titles = ", ".join(list(labels)[:3])
    return f"{task}: {titles}{', …' if len(labels) > 3 else ''}"


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
    return _page(request, workflow, token, path, inspected, form)


@require_POST
@workflow_page(Role.SCIENTIST)
def start(request: HttpRequest, workflow: Workflow, token: str) -> HttpResponse:
    path, inspected = _inspected(workflow, token)
    form = ChoicesForm(inspected, workflow, request.POST)
    choices = form.choices()
    if choices is None:
        return _page(request, workflow, token, path, inspected, form, status=400)
    job = start_import(workflow=workflow, path=path, by=person(request), choices=choices)
    return redirect("import-run", workflow.survey.slug, workflow.slug, job.pk)


@require_safe
@survey_page(Role.SCIENTIST)
def import_run(request: HttpRequest, survey: Survey, workflow: str, pk: int) -> HttpResponse:
    return render(request, "imports/run.html", _job(survey, workflow, pk))


@require_safe
@survey_page(Role.SCIENTIST)
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
) -> HttpResponse:
    context = {
        "survey": workflow.survey,
        "workflow": workflow,
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
        "reasons": left_out(job),
        "meanings": [(label, answer) for label, answer in job.options["answers"].items() if answer],
    }
