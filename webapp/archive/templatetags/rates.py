"""Template filters: rates of motion with the digits that they deserve."""

import math

from django import template
from django.template.defaultfilters import floatformat

register = template.Library()
DIGITS = 4


@register.filter
def as_rate(rate: float | None, most: int = 2) -> str:
    """Format a rate with four significant digits, and no more decimals than `most`; a dash for None."""
    return "–" if rate is None else floatformat(rate, min(most, _decimals(rate, DIGITS)))


@register.filter
def with_error(value: float, error: float) -> str:
    """Format a value and its error to two significant digits of the error, and no more than three decimals."""
    decimals = min(3, _decimals(error, 2))
    return f"{floatformat(value, decimals)} ± {floatformat(error, decimals)}"


def _decimals(value: float, digits: int) -> int:
    """Return how many decimals show so many significant digits."""
    if not value or not math.isfinite(value):
        return digits
    return max(0, digits - 1 - math.floor(math.log10(abs(value))))
