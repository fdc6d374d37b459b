from django import template

register = template.Library()


@register.filter
def as_percent(probability: float) -> str:
    """Return a probability as a percentage that CSS understands."""
    return f"{100 * probability:.1f}"


@register.filter
def factor(odds: float) -> str:
    """Say by what odds are multiplied, in three digits: “× 4.21”, “÷ 12.0”."""
    times, size = ("×", odds) if odds >= 1 else ("÷", 1 / odds)
    return f"{times} {size:#.3g}"
