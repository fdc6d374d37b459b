from django import template

register = template.Library()


@register.filter
def percent(probability: float) -> str:
    """Return a probability as a percentage that CSS understands."""
    return f"{100 * probability:.1f}"
