"""Template tags: access levels, answers, percentages and odds."""

from functools import lru_cache
from typing import Any

from django import template
from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import Exists, OuterRef
from django.utils.functional import Promise
from django.utils.translation import get_language

from ml.crowd.answer import Answer
from webapp.archive.models import Subject
from webapp.classifications.models import Classification
from webapp.classifications.presentation import PRESENTATIONS
from webapp.consensus.access_levels import Gate, gate_of
from webapp.consensus.evidence import Proportion
from webapp.consensus.models import Consensus
from webapp.core.percent import percent
from webapp.queue.models import QueueEntry
from webapp.volunteers.identity import reader_of
from webapp.workflows.models import Workflow

register = template.Library()


@register.simple_tag(takes_context=True)
def gate(context: dict[str, Any], workflow: Workflow) -> Gate:
    return gate_of(workflow, reader_of(context["request"]) if workflow.level > 1 else None)


@register.inclusion_tag("consensus/answers.html", takes_context=True)
def answers(context: dict[str, Any], subject: Subject, *, knows_truth: bool) -> dict[str, Any]:
    """Show the reader's own answers to a subject, and all volunteers' answers to the questions that they answered."""
    reader = reader_of(context["request"])
    rows = Classification.objects.standing().filter(subject=subject).select_related("workflow").order_by("created_at")
    own = list(rows.filter(volunteer=reader)) if reader else []
    gold = QueueEntry.objects.filter(workflow=OuterRef("workflow"), subject=subject, is_gold=True)
    consensus = Consensus.objects.filter(subject=subject).select_related("workflow").annotate(is_gold=Exists(gold))
    answered = {answer.workflow_id for answer in own}
    shown = [row for row in consensus.order_by("workflow__name") if knows_truth or row.workflow_id in answered]
    return {"own": own, "rows": shown, "knows_truth": knows_truth}


@register.filter
def percent_with_interval(proportion: Proportion) -> str:
    """Format a fraction with its interval: “86% (71–94)”, or a dash before the first answer."""
    if proportion.value is None:
        return "–"
    return f"{percent(proportion.value, 0)} ({100 * proportion.low:.0f}–{100 * proportion.high:.0f})"


@register.filter
def answer_name(answer: str) -> Promise:
    return PRESENTATIONS[Answer(answer)].name


@register.filter
def said(answer: str) -> Promise:
    """Tell a volunteer what they answered: “You said yes”."""
    return PRESENTATIONS[Answer(answer)].said


@register.filter
def counted(votes: dict[str, int]) -> str:
    """Count votes by answer: “3 yes, 2 no, …”."""
    return _counted(get_language(), tuple(votes.items()))


@lru_cache(10_000)
def _counted(_language: str | None, votes: tuple[tuple[str, int], ...]) -> str:
    return ", ".join(str(PRESENTATIONS[Answer(answer)].counted) % {"n": intcomma(n)} for answer, n in votes)


@register.filter
def in_percent(probability: float) -> str:
    """Format a probability in percent without the sign, in any language with a decimal point, as SVG needs."""
    return f"{100 * probability:.1f}"


@register.filter
def factor(odds: float) -> str:
    """Format a factor on the odds with three digits: “× 4.21”, “÷ 12.0”."""
    times, size = ("×", odds) if odds >= 1 else ("÷", 1 / odds)
    return f"{times} {size:#.3g}"
