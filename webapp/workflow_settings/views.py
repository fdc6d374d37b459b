"""Pages for admins: list a survey's workflows, create one, change one."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.humanize.templatetags.humanize import intcomma
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from webapp.archive.access import person, survey_page
from webapp.archive.models import Role, Survey
from webapp.consensus.access_levels import unreachable_workflows
from webapp.consensus.models import ConsensusRecompute, RetiredReason
from webapp.consensus.retirement import rules_in_words
from webapp.consensus.retirement_preview import Trial, preview_rules
from webapp.core.fingerprint import ChangedMeanwhile
from webapp.core.fragments import fragment_of
from webapp.queue.counts import QueueCounts, queue_counts
from webapp.workflow_settings.change_workflow import (
    RULES,
    Saved,
    change_workflow,
    open_workflow,
    settings_fingerprint,
)
from webapp.workflow_settings.forms import NewWorkflowForm, WorkflowForm
from webapp.workflows.models import Workflow
from webapp.workflows.workflow_page import workflow_page


@require_safe
@survey_page(Role.ADMIN)
def workflows(request: HttpRequest, survey: Survey) -> HttpResponse:
    counts = queue_counts(survey)
    rows = [{"workflow": each, "counts": counts.get(each.pk, QueueCounts())} for each in survey.workflows.all()]
    return render(request, "workflow_settings/workflows.html", {"survey": survey, "rows": rows})


@require_http_methods(["GET", "HEAD", "POST"])
@survey_page(Role.ADMIN)
def workflow_new(request: HttpRequest, survey: Survey) -> HttpResponse:
    form = NewWorkflowForm(survey, request.POST or None)
    if request.method != "POST":
        return _page(request, survey, form)
    saved = _save(form, lambda chosen: open_workflow(survey=survey, **chosen, **form.settings()), "slug", "kind")
    if saved is None:
        return _page(request, survey, form, status=400)
    messages.success(
        request, " ".join([_("%(workflow)s is open.") % {"workflow": saved.workflow}, *_queue_messages(saved)])
    )
    _warn_of_levels(request, survey)
    return redirect("workflow", survey.slug, saved.workflow.slug)


@require_http_methods(["GET", "HEAD", "POST"])
@survey_page(Role.ADMIN)
def workflow(request: HttpRequest, survey: Survey, workflow: str) -> HttpResponse:
    row = get_object_or_404(Workflow, survey=survey, slug=workflow)
    form = WorkflowForm(survey, request.POST or None, instance=Workflow.objects.get(pk=row.pk))
    if request.method != "POST":
        return _page(request, survey, form, row, seen=settings_fingerprint(row))
    seen = request.POST.get("seen", "")
    if "try" in request.POST:
        return _page(request, survey, form, row, trial=_tried(form, row), seen=seen)
    by = person(request)
    try:
        saved = _save(form, lambda chosen: change_workflow(workflow=row, by=by, seen=seen, **chosen, **form.settings()))
    except ChangedMeanwhile:
        return _changed_meanwhile(request, survey, row)
    if saved is None:
        return _page(request, survey, form, row, status=400, seen=seen)
    messages.success(request, " ".join([_("Saved."), *_queue_messages(saved)]))
    _warn_of_levels(request, survey)
    return redirect("workflow", survey.slug, row.slug)


def _warn_of_levels(request: HttpRequest, survey: Survey) -> None:
    """Say which workflows nobody can unlock now."""
    for each in unreachable_workflows(survey):
        warning = _(
            "“%(workflow)s” is at level %(level)d, but no workflow is open at level %(below)d. Only volunteers who"
            " have already unlocked it can answer it."
        )
        messages.warning(request, warning % {"workflow": each, "level": each.level, "below": each.level - 1})


def _changed_meanwhile(request: HttpRequest, survey: Survey, row: Workflow) -> HttpResponse:
    """Say in which fields the settings now differ from those in the form; those of a form sent twice do in none."""
    form = WorkflowForm(survey, request.POST, instance=Workflow.objects.get(pk=row.pk))
    if not form.changed_data:
        return redirect("workflow", survey.slug, row.slug)
    message = _(
        "Someone changed this workflow after you opened this page, so nothing was saved. Yours differs in: %(fields)s."
        " Save again to replace theirs."
    )
    form.add_error(None, message % {"fields": ", ".join(str(form[name].label) for name in form.changed_data)})
    return _page(request, survey, form, row, status=409, seen=settings_fingerprint(row))


@require_safe
@workflow_page(Role.ADMIN)
@fragment_of("workflow", "workflow")
def recount(request: HttpRequest, workflow: Workflow) -> HttpResponse:
    """Return the fragment that refreshes itself while votes are recounted under new rules."""
    return render(request, "workflow_settings/queue.html", {"survey": workflow.survey, **_queue(workflow)})


def _save(form: WorkflowForm, write: Callable[[dict[str, Any]], Saved], *fixed: str) -> Saved | None:
    """Call `write` with the subject sets and the `fixed` fields; None if the form has errors."""
    if not form.is_valid():
        return None
    try:
        return write({name: form.cleaned_data[name] for name in ("subject_sets", *fixed)})
    except ValidationError as error:
        form.refuse(error)
        return None


def _tried(form: WorkflowForm, row: Workflow) -> Trial | None:
    """Return the preview of the rules in the form; None if it has errors."""
    if not form.is_valid():
        return None
    changed = Workflow.objects.select_related("survey").get(pk=row.pk)
    for name in RULES:
        setattr(changed, name, form.cleaned_data[name])
    return preview_rules(changed)


def _page(
    request: HttpRequest,
    survey: Survey,
    form: WorkflowForm,
    row: Workflow | None = None,
    status: int = 200,
    trial: Trial | None = None,
    seen: str = "",
) -> HttpResponse:
    reasons = [(RetiredReason(reason).label, n) for reason, n in trial.reasons.items()] if trial else []
    shown = {"survey": survey, "form": form, "seen": seen, "trial": trial, "reasons": reasons}
    context = shown | (_queue(row) if row else {})
    return render(request, "workflow_settings/workflow.html", context, status=status)


def _queue(row: Workflow) -> dict[str, Any]:
    recount = ConsensusRecompute.objects.filter(workflow=row).first()
    return {
        "workflow": row,
        "rules": rules_in_words(row),
        "counts": queue_counts(row.survey).get(row.pk, QueueCounts()),
        "recount": recount,
    }


def _queue_messages(saved: Saved) -> list[str]:
    """Return the changes to the queue, in sentences."""
    messages_ = [_added_message(saved.added)]
    if saved.removed:
        left = ngettext("%(n)s left it with its set.", "%(n)s left it with their set.", saved.removed)
        messages_.append(left % {"n": intcomma(saved.removed)})
    if saved.recount:
        messages_.append(_("The votes are being recounted under the new rules."))
    return messages_


def _added_message(added: int) -> str:
    if not added:
        return _("No subjects were added to the queue.")
    sentence = ngettext("%(n)s subject was added to the queue.", "%(n)s subjects were added to the queue.", added)
    return sentence % {"n": intcomma(added)}
