"""Template tags: whether the reader may classify in a workflow, and what skill is missing if not."""

from typing import Any

from django import template

from webapp.consensus.access_levels import Gate, gate_of
from webapp.consensus.intervals import Share
from webapp.volunteers.identity import reader_of
from webapp.workflows.models import Workflow

register = template.Library()


@register.simple_tag(takes_context=True)
def gate(context: dict[str, Any], workflow: Workflow) -> Gate:
    return gate_of(workflow, reader_of(context["request"]) if workflow.level > 1 else None)


@register.filter
def percent(share: Share) -> str:
    """Say a share with its interval: “86 % (71–94)”, or a dash before the first answer."""
    if share.value is None:
        return "–"
    return f"{100 * share.value:.0f} % ({100 * share.low:.0f}–{100 * share.high:.0f})"
