"""Template tag: the survey's tabs that the reader may open."""

from typing import Any

from django import template
from django.contrib.auth.models import AnonymousUser

from webapp.archive.models import Membership, Role, Survey

register = template.Library()


@register.inclusion_tag("archive/survey_tabs.html", takes_context=True)
def survey_tabs(context: dict[str, Any], survey: Survey, here: str) -> dict[str, Any]:
    request = context.get("request")
    user = request.user if request else AnonymousUser()
    allows = Membership.objects.allows
    is_scientist = allows(user, survey, Role.SCIENTIST)
    return {
        "survey": survey,
        "here": here,
        "is_moderator": is_scientist or allows(user, survey, Role.MODERATOR),
        "is_scientist": is_scientist,
        "is_admin": is_scientist and allows(user, survey, Role.ADMIN),
    }
