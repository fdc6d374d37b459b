"""Percentages as the page's language writes them: “5%” in English, “5 %” in the others."""

from django.template.defaultfilters import floatformat
from django.utils.translation import get_language


def percent(fraction: float, digits: int = 1) -> str:
    """Format a fraction of 1 as a percentage with this many decimals."""
    return with_sign(str(floatformat(100 * fraction, digits)))


def with_sign(number: object) -> str:
    """Add the sign to a number, or to a formatted one."""
    return str(number) + ("%" if (get_language() or "en").startswith("en") else "\N{NO-BREAK SPACE}%")
