"""The members of a survey, on its settings page."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from webapp.archive.access import person, survey_page
from webapp.archive.members import MembershipRefused, add_member, change_role, remove_member
from webapp.archive.models import Membership, Role, Survey
from webapp.archive.settings_forms import MemberForm, RoleForm, SurveyForm


def settings_page(
    request: HttpRequest, survey: Survey, form: SurveyForm, member_form: MemberForm, status: int = 200
) -> HttpResponse:
    """Return the page that holds both forms, of the survey and of a new member."""
    members = Membership.objects.filter(survey=survey).select_related("user").order_by("user__username")
    context = {"survey": survey, "form": form, "member_form": member_form, "members": members, "roles": Role.choices}
    return render(request, "archive/survey_settings.html", context, status=status)


@require_POST
@survey_page(Role.ADMIN)
def member_add(request: HttpRequest, survey: Survey) -> HttpResponse:
    form = MemberForm(request.POST)
    if form.is_valid():
        try:
            added = add_member(survey=survey, username=form.cleaned_data["username"], role=form.role_said())
        except MembershipRefused as error:
            form.add_error("username", str(error))
        else:
            messages.success(request, _has_role(added))
            return redirect("survey-settings", survey.slug)
    return settings_page(request, survey, SurveyForm(instance=survey), form, status=400)


@require_POST
@survey_page(Role.ADMIN)
def member_change(request: HttpRequest, survey: Survey, pk: int) -> HttpResponse:
    membership = get_object_or_404(Membership, survey=survey, pk=pk)
    form = RoleForm(request.POST)
    if not form.is_valid():
        return _refused(request, survey, form.why_not())
    try:
        changed = change_role(membership=membership, role=form.role_said(), by=person(request))
    except MembershipRefused as error:
        return _refused(request, survey, str(error))
    messages.success(request, _has_role(changed))
    return _back(request, survey)


@require_POST
@survey_page(Role.ADMIN)
def member_remove(request: HttpRequest, survey: Survey, pk: int) -> HttpResponse:
    membership = get_object_or_404(Membership.objects.select_related("user"), survey=survey, pk=pk)
    try:
        remove_member(membership=membership, by=person(request))
    except MembershipRefused as error:
        return _refused(request, survey, str(error))
    said = _("%(name)s is no longer a member. Their answers and verdicts stay.") % {"name": membership.user}
    messages.success(request, said)
    return _back(request, survey)


def _has_role(row: Membership) -> str:
    said = _("%(name)s has the role “%(role)s” in %(survey)s now.")
    return said % {"name": row.user, "role": row.get_role_display(), "survey": row.survey}


def _refused(request: HttpRequest, survey: Survey, why: str) -> HttpResponse:
    messages.error(request, _("%(why)s Nothing has changed.") % {"why": why})
    return settings_page(request, survey, SurveyForm(instance=survey), MemberForm(), status=400)


def _back(request: HttpRequest, survey: Survey) -> HttpResponse:
    """Return to the settings; whoever gave up their own role may no longer open them."""
    may_stay = Membership.objects.allows(request.user, survey, Role.ADMIN)
    return redirect("survey-settings" if may_stay else "subjects", survey.slug)
