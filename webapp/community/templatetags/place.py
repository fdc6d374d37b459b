"""The volunteer's place within other pages: unread news in the header, credits and hearts on a subject's page."""

from typing import Any

from django import template
from django.contrib.auth.models import User

from webapp.archive.models import Subject
from webapp.community.models import Collection, Discovery, Favourite, Notification
from webapp.community.person import name_of, volunteer_who_looks

register = template.Library()


@register.simple_tag(takes_context=True)
def unread_news(context: dict[str, Any]) -> int:
    """Return how many notifications the reader has not read; for an account only, so that passers-by cost nothing."""
    request = context.get("request")
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return 0
    return Notification.objects.filter(volunteer__user=user, read_at=None).count()


@register.inclusion_tag("community/credits.html")
def credit(subject: Subject) -> dict[str, Any]:
    """Name who saw the subject before scientists confirmed it, as each of them chose."""
    rows = Discovery.objects.filter(subject=subject).select_related("volunteer__user__profile").order_by("pk")
    names = {row.volunteer_id: name_of(row.volunteer) for row in rows}
    named = [name for name in names.values() if name]
    return {"named": named, "unnamed": len(names) - len(named)}


@register.inclusion_tag("community/keep.html", takes_context=True)
def keep(context: dict[str, Any], subject: Subject) -> dict[str, Any]:
    """Offer the heart and the collections."""
    request = context["request"]
    volunteer = volunteer_who_looks(request)
    has_account = request.user.is_authenticated
    return {
        "request": request,
        "csrf_token": context.get("csrf_token"),
        "subject": subject,
        "volunteer": volunteer,
        "is_favourite": bool(volunteer) and Favourite.objects.filter(volunteer=volunteer, subject=subject).exists(),
        "has_account": has_account,
        "collections": Collection.objects.filter(owner=volunteer) if has_account else [],
    }
