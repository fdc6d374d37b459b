"""Template filters: fractions as percentages."""

from django import template

from webapp.core.figure_table import percent

register = template.Library()


@register.filter
def as_percent(fraction: float | None) -> str:
    """Format a fraction of 1 as a percentage with one decimal; a dash for None."""
    return "–" if fraction is None else percent(fraction)
