"""Report a comment; and the moderators' page: open reports and appeals, and the log."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from webapp.archive.access import person, survey_page
from webapp.archive.models import Role, Survey
from webapp.community.appeals import answer_appeal, open_appeals
from webapp.community.models import Appeal, Comment, ModeratorAction
from webapp.community.moderation import Kind, lift, open_reports, report, settle
from webapp.community.moderation_forms import AnswerForm, SettleForm
from webapp.community.person import account_page
from webapp.core.request_values import whole_number
from webapp.volunteers.identity import account_volunteer

SHOWN = 100
SETTLED = {
    Kind.DISMISSED: gettext_lazy("The report is dismissed."),
    Kind.REMOVED: gettext_lazy("The comment is removed."),
    Kind.WARNED: gettext_lazy("The comment is removed, and its author is warned."),
    Kind.SUSPENDED: gettext_lazy("The comment is removed, and its author is suspended."),
}


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
    return _page(request, survey)


@require_POST
@survey_page(Role.MODERATOR)
def moderation_settle(request: HttpRequest, survey: Survey, pk: int) -> HttpResponse:
    """Settle a comment's reports on the moderators' page, or decide about it where it is, and lead back there."""
    comment = get_object_or_404(Comment, pk=pk, survey=survey)
    place = redirect("moderation", survey.slug) if "report" in request.POST else redirect(comment)
    reports = open_reports(survey).filter(comment=comment)
    report = reports.filter(pk=whole_number(request.POST.get("report", "")) or 0).first() or reports.first()
    form = SettleForm(report, request.POST)
    if form.is_valid():
        try:
            action = settle(moderator=person(request), comment=comment, **form.decision())
            messages.success(request, SETTLED[Kind(action.kind)])
            return place
        except ValidationError as error:
            form.add_error(None, error)
    if "report" in request.POST:
        return _page(request, survey, refused=(report, form))
    messages.error(request, _errors_of(form))
    return place


@require_POST
@survey_page(Role.MODERATOR)
def appeal_answer(request: HttpRequest, survey: Survey, pk: int) -> HttpResponse:
    row = get_object_or_404(Appeal, pk=pk, action__survey=survey)
    form = AnswerForm(row, request.POST)
    if form.is_valid():
        is_granted = request.POST.get("what") == "granted"
        try:
            row = answer_appeal(moderator=person(request), appeal=row, is_granted=is_granted, **form.cleaned_data)
            messages.success(request, _("The appeal is granted.") if row.is_granted else _("The appeal is rejected."))
            return redirect("moderation", survey.slug)
        except ValidationError as error:
            form.add_error(None, error)
    return _page(request, survey, refused=(row, form))


def _page(request: HttpRequest, survey: Survey, *, refused: tuple[Any, Form] | None = None) -> HttpResponse:
    """Show what is open, each with its form: the refused one with what was sent, so that nothing is lost."""
    forms = dict([refused] if refused else [])
    reports, appeals = list(open_reports(survey)[:SHOWN]), list(open_appeals(survey)[:SHOWN])
    for row in forms.keys() - {*reports, *appeals}:  # a colleague has settled it meanwhile
        messages.error(request, _errors_of(forms[row]))
    log = ModeratorAction.objects.filter(survey=survey).select_related("moderator", "author__user", "comment")
    page = {
        "survey": survey,
        "reports": [(row, forms.get(row) or SettleForm(row)) for row in reports],
        "appeals": [(row, forms.get(row) or AnswerForm(row)) for row in appeals],
        "log": log[:SHOWN],
    }
    return render(request, "community/moderation.html", page, status=400 if refused else 200)


def _errors_of(form: Form) -> str:
    return " ".join(str(text) for texts in form.errors.values() for text in texts)


@require_POST
@survey_page(Role.MODERATOR)
def moderation_lift(request: HttpRequest, survey: Survey, pk: int) -> HttpResponse:
    lift(moderator=person(request), action=get_object_or_404(ModeratorAction, pk=pk, survey=survey))
    return redirect("moderation", survey.slug)
