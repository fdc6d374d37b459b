"""Template tag: the reports of a survey that its project page links."""

from typing import Any

from django import template
from django.db.models import Count, QuerySet

from webapp.archive.models import Survey
from webapp.reports.models import Report
from webapp.volunteers.identity import reader_of

register = template.Library()
MOST = 10


@register.simple_tag(takes_context=True)
def reports_of(context: dict[str, Any], survey: Survey) -> QuerySet[Report]:
    """Return the newest reports that the reader may read, with the `count` of their tracklets."""
    rows = survey.reports.public(reader_of(context["request"])).defer("psv", "xml", "obs80")
    return rows.annotate(count=Count("tracklets"))[:MOST]
