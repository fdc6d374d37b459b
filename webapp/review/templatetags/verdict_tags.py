"""Template tags for scientists: the verdict panel, the bar for all selected subjects, and the lines on a subject."""

from dataclasses import replace
from typing import Any

from django import template
from django.utils.safestring import SafeString

from webapp.archive.models import Subject
from webapp.core.stencils import PLACE, Stencils
from webapp.review.bulk import MOST_AT_ONCE
from webapp.review.bulk_views import ARCHIVE, last_of
from webapp.review.hidden_verdicts import hidden_verdicts
from webapp.review.lines import Annotations, annotations_of
from webapp.review.verdict_history import history_of
from webapp.review.verdict_panel import Panel, panel_context, panel_of, workflow_of
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
def review_row(context: Any, each: dict[str, Any], figures: str, *, can_select: bool = False) -> SafeString:
    """Show a subject of a list for scientists; of those that differ by their words only, a page renders just one."""
    panel = each["panel"]

    def render(words: dict[str, str]) -> str:
        shared = {"key": PLACE, "subject": {"pk": PLACE}, "figures": figures, "can_select": can_select}
        return _rendered(context, "review/row.html", **shared, **words)

    words = each["words"] | {"verdict": _panel_of(context, panel)}
    return _stencils(context).fill(render, "row", panel.subject.pk, words)


def _panel_of(context: Any, panel: Panel) -> SafeString:
    if not panel.is_untouched:
        return _rendered(context, "review/verdict_panel.html", panel=panel)
    return _of_any_subject(context, "review/verdict_panel.html", panel)


@register.simple_tag(takes_context=True)
def panel_forms(context: Any) -> SafeString:
    """Show a panel's forms; of those that differ by their subject's key only, a page renders just one."""
    return _of_any_subject(context, "review/verdict_forms.html", context["panel"])


def _of_any_subject(context: Any, template: str, panel: Panel) -> SafeString:
    def render(_words: dict[str, str]) -> str:
        return _rendered(context, template, panel=replace(panel, subject=Subject(pk=PLACE)))

    return _stencils(context).fill(render, (template, panel.choices), panel.subject.pk, {})


def _rendered(context: Any, template: str, **more: Any) -> SafeString:
    with context.push(**more):
        return context.template.engine.get_template(template).render(context)


def _stencils(context: Any) -> Stencils:
    return context["stencils"]


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
