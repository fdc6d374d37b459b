"""Report a comment; and the moderators' page: open reports, and the log."""

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from webapp.archive.access import person, survey_page
from webapp.archive.models import Role, Survey
from webapp.community.appeals import open_appeals
from webapp.community.models import LONGEST_REASON, Comment, ModeratorAction
from webapp.community.moderation import SUSPENSIONS, lift, open_reports, report, settle
from webapp.community.moderation_models import LONGEST_APPEAL
from webapp.community.person import account_page
from webapp.core.keyset_pagination import whole_number
from webapp.volunteers.identity import account_volunteer

SHOWN = 100


@require_POST
@account_page
def comment_report(request: HttpRequest, user: User, pk: int) -> HttpResponseBase:
    row = get_object_or_404(Comment.objects.select_related("survey", "author"), pk=pk)
    try:
        report(reporter=account_volunteer(user), comment=row, reason=request.POST.get("because", ""))
        messages.success(request, _("Thank you. The moderators will look at it."))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect(row)


@require_safe
@survey_page(Role.MODERATOR)
def moderation(request: HttpRequest, survey: Survey) -> HttpResponse:
    log = ModeratorAction.objects.filter(survey=survey).select_related("moderator", "author__user", "comment")
    page = {
        "survey": survey,
        "reports": open_reports(survey)[:SHOWN],
        "appeals": open_appeals(survey)[:SHOWN],
        "log": log[:SHOWN],
        "suspensions": SUSPENSIONS,
        "longest_reason": LONGEST_REASON,
        "longest_appeal": LONGEST_APPEAL,
    }
    return render(request, "community/moderation.html", page)


@require_POST
@survey_page(Role.MODERATOR)
def moderation_settle(request: HttpRequest, survey: Survey, pk: int) -> HttpResponse:
    comment = get_object_or_404(Comment, pk=pk, survey=survey)
    kind, _colon, days = request.POST.get("what", "").partition(":")
    try:
        settle(
            moderator=person(request),
            comment=comment,
            kind=kind,
            reason=request.POST.get("because", ""),
            days=whole_number(days) or 0,
        )
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("moderation", survey.slug)


@require_POST
@survey_page(Role.MODERATOR)
def moderation_lift(request: HttpRequest, survey: Survey, pk: int) -> HttpResponse:
    lift(moderator=person(request), action=get_object_or_404(ModeratorAction, pk=pk, survey=survey))
    return redirect("moderation", survey.slug)
