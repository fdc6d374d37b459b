"""Template tags for scientists: the verdict panel, the bar for all selected subjects, and the lines on a subject."""

from dataclasses import replace
from typing import Any

from django import template
from django.utils.safestring import mark_safe

from webapp.archive.models import Subject
from webapp.core.templatetags.repeated_urls import PLACE
from webapp.review.bulk import MOST_AT_ONCE
from webapp.review.bulk_views import ARCHIVE, last_of
from webapp.review.hidden_verdicts import hidden_verdicts
from webapp.review.lines import Annotations, annotations_of
from webapp.review.verdict_history import history_of
from webapp.review.verdict_panel import panel_context, panel_of, workflow_of
from webapp.workflows.models import Workflow

register = template.Library()


@register.inclusion_tag("review/subject_verdict.html", takes_context=True)
def verdict(context: dict[str, Any], subject: Subject) -> dict[str, Any]:
    """Show the panel of the workflow in the URL, or of the first that asks about the subject, and the history."""
    request = context["request"]
    workflow = workflow_of(subject.survey, subject, request.GET.get("workflow", ""))
    if workflow is None or subject.is_synthetic:
        return {"panel": None}
    return {
        "csrf_token": context.get("csrf_token"),
        "panel": panel_of(workflow, subject, request.user),
        "history": history_of(workflow, subject),
        **panel_context(subject.survey),
    }


@register.simple_tag(takes_context=True)
def panel_forms(context: Any) -> str:
    """Show a panel's forms; of those that differ by their subject's key only, a page renders just one."""
    panel, shared = context["panel"], context["forms"]
    if panel.choices not in shared:
        template = context.template.engine.get_template("review/verdict_forms.html")
        with context.push(panel=replace(panel, subject=Subject(pk=PLACE))):
            shared[panel.choices] = template.render(context)
    return mark_safe(shared[panel.choices].replace(str(PLACE), str(panel.subject.pk)))  # noqa: S308  # a number


@register.inclusion_tag("review/bulk.html", takes_context=True)
def bulk_bar(context: dict[str, Any], workflow: Workflow) -> dict[str, Any]:
    """Show the desk's bar for all selected subjects in the archive's search."""
    return {"most_at_once": MOST_AT_ONCE, **_from_archive(context, workflow), **panel_context(workflow.survey)}


@register.inclusion_tag("review/bulk_undo.html", takes_context=True)
def bulk_undo(context: dict[str, Any], workflow: Workflow) -> dict[str, Any]:
    """Offer to undo the last change made with that bar, on either page."""
    last = last_of(context["request"], workflow)
    return {"last": last, "survey": workflow.survey, **_from_archive(context, workflow)}


def _from_archive(context: dict[str, Any], workflow: Workflow) -> dict[str, Any]:
    """Return what leads a form back to the search that it is sent from."""
    back = context["request"].GET.urlencode()
    return {"csrf_token": context.get("csrf_token"), "workflow": workflow, "page": ARCHIVE, "back": back}


@register.simple_tag(takes_context=True)
def subjects_with_hidden_verdict(context: dict[str, Any], subjects: list[Subject]) -> set[int]:
    """Return the keys of those of the subjects whose class the reader must not see before their own opinion."""
    return hidden_verdicts([subject.pk for subject in subjects], context["request"].user)


@register.simple_tag(takes_context=True)
def has_hidden_verdict(context: dict[str, Any], subject: Subject) -> bool:
    return bool(hidden_verdicts([subject.pk], context["request"].user))


@register.simple_tag(takes_context=True)
def annotations(context: dict[str, Any], subject: Subject) -> Annotations:
    """Return the lines on a subject: volunteers' of the workflow as in `verdict`, and the champion's detections."""
    workflow = workflow_of(subject.survey, subject, context["request"].GET.get("workflow", ""))
    return annotations_of(subject, workflow)
