"""Template tags: a survey's tabs, links to what comes first on empty pages, and surveys that error pages offer."""

from typing import Any

from django import template
from django.contrib.auth.models import AnonymousUser
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _

from webapp.archive.models import Membership, Role, Survey

register = template.Library()

MOST = 20


@register.inclusion_tag("archive/survey_tabs.html", takes_context=True)
def survey_tabs(context: dict[str, Any], survey: Survey, here: str) -> dict[str, Any]:
    request = context.get("request")
    user = request.user if request else AnonymousUser()
    allows = Membership.objects.allows
    is_scientist = allows(user, survey, Role.SCIENTIST)
    return {
        "request": request,
        "survey": survey,
        "here": here,
        "is_moderator": is_scientist or allows(user, survey, Role.MODERATOR),
        "is_scientist": is_scientist,
        "is_admin": is_scientist and allows(user, survey, Role.ADMIN),
    }


@register.simple_tag(takes_context=True)
def new_workflow(context: dict[str, Any], survey: Survey) -> str:
    """Link the page that creates a workflow, for those who may."""
    return _for_admins(context, survey, "workflow-new", _("New workflow"))


@register.simple_tag(takes_context=True)
def ingest_images(context: dict[str, Any], survey: Survey) -> str:
    """Link the page that ingests images, for those who may."""
    return _for_admins(context, survey, "ingest", _("Ingest images"))


def _for_admins(context: dict[str, Any], survey: Survey, page: str, words: str) -> str:
    if not Membership.objects.allows(context["request"].user, survey, Role.ADMIN):
        return ""
    return format_html('<a href="{}">{}</a>', reverse(page, args=[survey.slug]), words)


@register.simple_tag
def some_surveys() -> list[Survey]:
    """Return the surveys that a page offers to whoever is lost; the home page has all."""
    return list(Survey.objects.order_by("name")[:MOST])
