"""Template filters for translated messages and Markdown."""

import re

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from webapp.core.markdown import as_html
from webapp.core.stored_messages import in_words

register = template.Library()


@register.filter
def markdown(body: str) -> SafeString:
    return as_html(body)


@register.filter
def with_code(text: str) -> SafeString:
    """Return a text as HTML, its parts between backticks as code."""
    return mark_safe(re.sub("`([^`]+)`", r"<code>\1</code>", escape(text)))  # noqa: S308 - escaped


register.filter("in_words", in_words)
