"""Template tag of a survey's failed jobs, for pages of rooms that know nothing of how the site is run."""

from typing import Any

from django import template

from webapp.archive.models import Survey
from webapp.operations.survey_failures import FailedJob, failed_jobs_of

register = template.Library()


@register.simple_tag(takes_context=True)
def failed_jobs(context: dict[str, Any], survey: Survey) -> list[FailedJob]:
    """Return the survey's failed jobs that no administrator has dismissed, as the page's reader sees them."""
    return failed_jobs_of(survey, context["request"].user)
