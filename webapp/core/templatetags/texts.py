"""Template filters for translated messages and Markdown, and the sentence of a job that waits."""

import re

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from webapp.core.ago import ago
from webapp.core.health import somebody_works
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
register.filter("ago", ago)


@register.inclusion_tag("waiting_for_worker.html")
def waiting_for_worker() -> dict[str, bool]:
    """Say why a queued job waits: workers have other jobs, or there may be no worker."""
    return {"is_busy": somebody_works()}
