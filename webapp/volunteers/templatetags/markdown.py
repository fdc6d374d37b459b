"""Texts that people wrote in Markdown."""

from django import template
from django.utils.safestring import SafeString

from webapp.volunteers.markdown import as_html

register = template.Library()


@register.filter
def markdown(body: str) -> SafeString:
    return as_html(body)
