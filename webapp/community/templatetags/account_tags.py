"""Template tags: unread notifications, favourites, credits and Talk on a subject's page, and whether mail is sent."""

from typing import Any

from django import template
from django.conf import settings
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils.http import urlencode

from webapp.archive.models import Subject
from webapp.community.models import LONGEST, LONGEST_REASON, Collection, Comment, Discovery, Favourite, Notification
from webapp.community.person import name_in_talk, name_of
from webapp.community.talk import may_bring_back, may_read, moderates, wrote
from webapp.core.keyset_pagination import newest_first
from webapp.volunteers.identity import reader_of

register = template.Library()

COMMENTS = 100


@register.simple_tag(takes_context=True)
def unread_news(context: dict[str, Any]) -> int:
    """Return the number of unread notifications; for accounts only, to save queries for passers-by."""
    request = context.get("request")
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return 0
    return Notification.objects.filter(volunteer__user=user, read_at=None).count()


@register.inclusion_tag("community/credits.html")
def credit(subject: Subject) -> dict[str, Any]:
    """Name the volunteers who saw the subject before scientists confirmed it, as each of them chose."""
    rows = Discovery.objects.filter(subject=subject).select_related("volunteer__user__profile").order_by("pk")
    names = {row.volunteer_id: name_of(row.volunteer) for row in rows}
    named = [name for name in names.values() if name]
    return {"named": named, "unnamed": len(names) - len(named)}


@register.inclusion_tag("community/keep.html", takes_context=True)
def keep(context: dict[str, Any], subject: Subject) -> dict[str, Any]:
    """Show the heart and the collections."""
    request = context["request"]
    volunteer = reader_of(request)
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


@register.inclusion_tag("community/talk.html", takes_context=True)
def talk(context: dict[str, Any], subject: Subject) -> dict[str, Any]:
    """Show the newest comments on the subject, or those before the one in the URL, oldest first."""
    request = context["request"]
    user = request.user
    comments = Comment.objects.filter(subject=subject).select_related("author__user__profile")
    newest, earlier = newest_first(comments, before=request.GET.get("talk_before", ""), size=COMMENTS)
    is_moderator = moderates(user, subject)
    is_readable = may_read(user, reader_of(request), subject)
    return {
        "is_readable": is_readable,
        "request": request,
        "csrf_token": context.get("csrf_token"),
        "subject": subject,
        "sign_in": f"{reverse('account_login')}?{urlencode({'next': f'{request.get_full_path()}#talk'})}",
        "writes_as": name_in_talk(reader_of(request)),
        "is_moderator": is_moderator,
        "earlier": earlier,
        "longest": LONGEST,
        "longest_reason": LONGEST_REASON,
        "rows": [
            {
                "comment": each,
                "name": name_in_talk(each.author),
                "is_own": wrote(user, each),
                "may_bring_back": may_bring_back(user, each, is_moderator=is_moderator),
            }
            for each in (reversed(newest) if is_readable else ())
        ],
    }


NOWHERE = [f"django.core.mail.backends.{name}.EmailBackend" for name in ("console", "dummy")]


@register.simple_tag
def mail_is_sent() -> bool:
    return settings.EMAIL_BACKEND not in NOWHERE
