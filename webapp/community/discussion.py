"""A page of a discussion, on a subject or in a thread: its newest comments with what the reader may do with each."""

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode

from webapp.archive.models import Membership, Role, Survey
from webapp.community.authors import suspensions_in
from webapp.community.blocks import blocked_by
from webapp.community.models import LONGEST, LONGEST_REASON, Comment, CommentQuerySet
from webapp.community.moderation_forms import removals
from webapp.community.person import name_in_talk
from webapp.community.pictures import LONGEST_ALT
from webapp.community.talk import may_restore, moderates, wrote
from webapp.community.talk_text import comment_html, people_in, quoted
from webapp.core.request_values import whole_number
from webapp.volunteers.identity import reader_of

COMMENTS = 100


def discussion(request: HttpRequest, survey: Survey, comments: CommentQuerySet) -> dict[str, Any]:
    """Return the template context: the newest comments, or those before the one in the URL, oldest first."""
    found = comments.with_pictures().select_related("author__user__profile").order_by("-pk")
    before = whole_number(request.GET.get("talk_before", ""))
    reader = reader_of(request)
    newest = within(survey, (found.filter(pk__lt=before) if before else found)[: COMMENTS + 1])
    shown = list(reversed(newest[:COMMENTS]))
    return {
        "request": request,
        "survey": survey,
        "sign_in": f"{reverse('account_login')}?{urlencode({'next': f'{request.get_full_path()}#talk'})}",
        "writes_as": name_in_talk(reader),
        "suspensions": suspensions_in(survey, reader),
        "earlier": newest[COMMENTS - 1].pk if len(newest) > COMMENTS else "",
        "longest": LONGEST,
        "longest_reason": LONGEST_REASON,
        "longest_alt": LONGEST_ALT,
        "removals": removals,
        "rows": comment_rows(request, survey, shown),
        "text": _quotation(comments, whole_number(request.GET.get("quote", ""))),
    }


def within(survey: Survey, comments: Iterable[Comment]) -> list[Comment]:
    """Return comments of a survey that share its row, whose long texts would come with each of them otherwise."""
    rows = list(comments)
    for row in rows:
        row.survey = survey
        if "subject" in row._state.fields_cache and row.subject:
            row.subject.survey = survey
    return rows


def comment_rows(request: HttpRequest, survey: Survey, comments: list[Comment]) -> list[dict[str, Any]]:
    """Return each comment with its author's name and role, its text as HTML, and what the reader may do with it."""
    is_moderator = moderates(request.user, survey)
    roles = _roles(survey, comments)
    people = people_in((each.text for each in comments), survey)
    blocked = blocked_by(reader_of(request), {each.author_id for each in comments})
    return [
        {
            "comment": each,
            "name": name_in_talk(each.author),
            "role": roles.get(each.author.user_id) if each.author else None,
            "html": comment_html(each.text, survey, people),
            "is_blocked": each.author_id in blocked,
            "is_own": wrote(request.user, each),
            "is_moderator": is_moderator,
            "may_restore": may_restore(request.user, each, is_moderator=is_moderator),
        }
        for each in comments
    ]


def _roles(survey: Survey, comments: Iterable[Comment]) -> dict[int | None, str]:
    """Return the names of the roles, from scientist up and moderator, of the authors who have one."""
    people = {each.author.user_id for each in comments if each.author}
    rows = Membership.objects.at_least(Role.MODERATOR).filter(survey=survey, user__in=people)
    return {row.user_id: str(Role(row.role).label) for row in rows}


def _quotation(comments: CommentQuerySet, pk: int | None) -> str:
    row = comments.filter(pk=pk, removed_at=None).select_related("author__user__profile").first() if pk else None
    return quoted(row.text, name_in_talk(row.author) or "…") if row else ""
