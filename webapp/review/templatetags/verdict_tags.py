"""Template tags: the verdict panel and the detector's finds on a subject's page, for the survey's scientists."""

from typing import Any

from django import template

from webapp.archive.models import Subject
from webapp.learning.model_roles import ROLE_OF_KIND
from webapp.learning.promotion import champion_of
from webapp.review.lines import finds_of, found_frames
from webapp.review.verdict_history import history_of
from webapp.review.verdict_panel import panel_context, panel_of, workflow_of

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


@register.inclusion_tag("review/subject_detections.html")
def model_detections(subject: Subject) -> dict[str, Any]:
    """Show what the champion detector found in a large image or a cube; nothing for other kinds."""
    role = ROLE_OF_KIND[subject.kind]
    finds = finds_of(champion_of(subject.survey, role), subject) if role.is_detector else None
    return {"subject": subject, "finds": finds, "frames": found_frames(subject, finds.lines) if finds else []}
