"""Template filters for translated messages and Markdown."""

from django import template
from django.utils.safestring import SafeString

from webapp.core.markdown import as_html
from webapp.core.stored_messages import in_words

register = template.Library()


@register.filter
def markdown(body: str) -> SafeString:
    return as_html(body)


register.filter("in_words", in_words)
