from typing import Any

from django import template
from django.utils.translation import gettext_lazy as _

from webapp.consensus.models import RetiredReason

register = template.Library()

IN_WORDS = {
    RetiredReason.CONSENSUS.value: _("consensus"),
    RetiredReason.CLASSIFICATION_COUNT.value: _("number of votes"),
    RetiredReason.NOTHING_HERE.value: _("nothing here"),
    RetiredReason.FLAGGED.value: _("flagged"),
    RetiredReason.HUMAN.value: _("a scientist’s verdict"),
    RetiredReason.OTHER.value: _("other"),
}


@register.filter
def as_percent(probability: float) -> str:
    """Return a probability as a percentage that CSS understands."""
    return f"{100 * probability:.1f}"


@register.filter
def factor(odds: float) -> str:
    """Say by what odds are multiplied, in three digits: “× 4.21”, “÷ 12.0”."""
    times, size = ("×", odds) if odds >= 1 else ("÷", 1 / odds)
    return f"{times} {size:#.3g}"


@register.filter
def why(reason: str) -> Any:
    """Say in words why a subject was retired."""
    return IN_WORDS.get(reason, reason)
