"""The template tag `return_address`."""

from typing import Any

from django import template

from webapp.core.return_address import return_address

register = template.Library()


@register.simple_tag(takes_context=True, name="return_address")
def of_this_page(context: dict[str, Any]) -> str:
    """Return the page to come back to from a form on this one."""
    return return_address(context["request"])
