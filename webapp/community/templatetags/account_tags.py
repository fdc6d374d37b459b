"""Template tags: unread notifications, what waits for moderators, favourites and Talk of a subject, and mail."""

from typing import Any

from django import template
from django.contrib.auth.models import User
from django.urls import reverse

from webapp.archive.models import Subject, Survey
from webapp.community.authors import suspensions
from webapp.community.discussion import discussion
from webapp.community.models import Collection, Comment, Discovery, Favourite, Notification
from webapp.community.moderator_news import count_open
from webapp.community.news_mail import mail_is_sent, news_are_mailed
from webapp.community.person import name_of
from webapp.community.tags import LONGEST_TAG, own_tags, tags_of
from webapp.community.talk_index import asking_about, has_answered, may_read
from webapp.volunteers.identity import account_volunteer, reader_of

register = template.Library()


@register.simple_tag(takes_context=True)
def unread_news(context: dict[str, Any]) -> int:
    """Return the number of unread notifications; for accounts only, to save queries for passers-by."""
    request = context.get("request")
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return 0
    unread = Notification.objects.filter(volunteer__user=user, read_at=None)
    return unread.shown_to(user).count() if unread.exists() else 0


@register.simple_tag(takes_context=True)
def open_moderation(context: dict[str, Any], survey: Survey) -> int:
    """Return how many reports and appeals wait for the reader, a moderator."""
    return count_open(survey, context["request"].user)


@register.inclusion_tag("community/suspensions.html", takes_context=True)
def standing_suspensions(context: dict[str, Any]) -> dict[str, Any]:
    """Tell the reader where they may not post, until when, why, and how to appeal."""
    return {"suspensions": suspensions(account_volunteer(context["request"].user))}


@register.inclusion_tag("community/credits.html")
def credit(subject: Subject) -> dict[str, Any]:
    """Name the volunteers who saw the subject before scientists confirmed it, as each of them chose."""
    rows = Discovery.objects.filter(subject=subject).select_related("volunteer__user__profile").order_by("pk")
    names = {row.volunteer_id: name_of(row.volunteer) for row in rows}
    named = [name for name in names.values() if name]
    return {"named": named, "unnamed": len(names) - len(named)}


@register.inclusion_tag("community/favourite_and_collect.html", takes_context=True)
def favourite_and_collect(context: dict[str, Any], subject: Subject) -> dict[str, Any]:
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
        "collections": Collection.objects.edited_by(volunteer) if has_account and volunteer else [],
    }


@register.inclusion_tag("community/talk.html", takes_context=True)
def talk(context: dict[str, Any], subject: Subject) -> dict[str, Any]:
    """Show the newest comments on the subject and its tags, if the reader may read them."""
    request = context["request"]
    reader = reader_of(request)
    is_readable = may_read(request.user, reader, subject)
    comments = Comment.objects.filter(subject=subject) if is_readable else Comment.objects.none()
    return {
        **discussion(request, subject.survey, comments),
        "is_readable": is_readable,
        "has_answered": not is_readable and has_answered(reader, subject),
        "asking": None if is_readable else asking_about(reader, subject),
        "csrf_token": context.get("csrf_token"),
        "subject": subject,
        "action": reverse("comment-new", args=[subject.pk]),
        "tags": tags_of(subject) if is_readable else [],
        "own_tags": set(own_tags(subject, reader)) if is_readable and request.user.is_authenticated else set(),
        "longest_tag": LONGEST_TAG,
    }


register.simple_tag(mail_is_sent)
register.simple_tag(news_are_mailed)
