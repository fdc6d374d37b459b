"""Template filters: percentages."""

from django import template

from webapp.core.percent import percent, with_sign

register = template.Library()
register.filter("with_percent_sign", with_sign)


@register.filter
def as_percent(fraction: float | None, digits: int = 1) -> str:
    """Format a fraction of 1 as a percentage with one decimal, or so many; a dash for None."""
    return "–" if fraction is None else percent(fraction, digits)
