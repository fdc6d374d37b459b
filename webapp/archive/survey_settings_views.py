"""Survey settings pages: create a survey, change it, delete it while it is empty, manage its members."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from webapp.archive.access import (
    MembershipRefused,
    UnknownAccount,
    add_member,
    change_role,
    person,
    remove_member,
    site_admin_page,
    survey_page,
)
from webapp.archive.forms import MemberForm, NewSurveyForm, RoleForm, SurveyForm
from webapp.archive.models import Membership, Role, Survey
from webapp.archive.survey_settings import change_survey, delete_survey, is_empty, open_survey
from webapp.core.fingerprint import ChangedMeanwhile, fingerprint


@require_http_methods(["GET", "HEAD", "POST"])
@site_admin_page
def survey_new(request: HttpRequest) -> HttpResponse:
    form = NewSurveyForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            survey = open_survey(by=person(request), **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            message = _(
                "%(survey)s is created, and you are its admin. Ingest images here, then create a workflow under "
                "Workflows."
            )
            messages.success(request, message % {"survey": survey})
            return redirect("ingest", survey.slug)
    return render(request, "archive/survey_new.html", {"form": form}, status=400 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@survey_page(Role.ADMIN)
def survey_settings(request: HttpRequest, survey: Survey) -> HttpResponse:
    if request.method != "POST":
        return settings_page(request, survey, SurveyForm(instance=survey), MemberForm())
    form = SurveyForm(request.POST, instance=Survey.objects.get(pk=survey.pk))
    if form.is_valid():
        try:
            change_survey(survey=survey, seen=request.POST.get("seen", ""), **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        except ChangedMeanwhile:
            return _changed_meanwhile(request, survey)
        else:
            messages.success(request, _("Settings saved."))
            return redirect("survey-settings", survey.slug)
    return settings_page(request, survey, form, MemberForm(), status=400)


@require_POST
@survey_page(Role.ADMIN)
def survey_delete(request: HttpRequest, survey: Survey) -> HttpResponse:
    try:
        delete_survey(survey)
    except ValidationError as error:
        messages.error(request, error.messages[0])
        return redirect("survey-settings", survey.slug)
    messages.success(request, _("%(survey)s is deleted.") % {"survey": survey})
    return redirect("home")


def _changed_meanwhile(request: HttpRequest, survey: Survey) -> HttpResponse:
    """Say in which fields the settings now differ from those in the form; those of a form sent twice do in none."""
    now = Survey.objects.get(pk=survey.pk)
    form = SurveyForm(request.POST, instance=Survey.objects.get(pk=survey.pk))
    if not form.changed_data:
        return redirect("survey-settings", survey.slug)
    message = _(
        "Someone changed the settings after you opened this page, so nothing was saved. Yours differ in: %(fields)s."
        " Save again to replace theirs."
    )
    form.add_error(None, message % {"fields": ", ".join(str(form[name].label) for name in form.changed_data)})
    return settings_page(request, survey, form, MemberForm(), status=409, seen=fingerprint(now, form.fields))


def settings_page(
    request: HttpRequest, survey: Survey, form: SurveyForm, member_form: MemberForm, status: int = 200, seen: str = ""
) -> HttpResponse:
    """Show both forms: the survey's, and that of a new member.

    The first continues from the settings with the fingerprint `seen`; a refused one from those it had begun with.
    """
    seen = seen or (request.POST.get("seen", "") if form.is_bound else fingerprint(survey, form.fields))
    members = Membership.objects.filter(survey=survey).select_related("user").order_by("user__username")
    context = {"survey": survey, "form": form, "seen": seen, "member_form": member_form, "members": members}
    context |= {"roles": Role.choices, "is_empty": is_empty(survey)}
    return render(request, "archive/survey_settings.html", context, status=status)


@require_POST
@survey_page(Role.ADMIN)
def member_add(request: HttpRequest, survey: Survey) -> HttpResponse:
    form = MemberForm(request.POST)
    if form.is_valid():
        try:
            added = add_member(survey=survey, username=form.cleaned_data["username"], role=form.cleaned_data["role"])
        except MembershipRefused as error:
            form.add_error("username", str(error))
            form.is_unknown = isinstance(error, UnknownAccount)
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
        return _refused(request, survey, " ".join(map(str, form.errors["role"])))
    try:
        changed = change_role(membership=membership, role=form.cleaned_data["role"], by=person(request))
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
    message = _("%(name)s is no longer a member. Their classifications and verdicts stay.") % {"name": membership.user}
    messages.success(request, message)
    return _back(request, survey)


def _has_role(row: Membership) -> str:
    message = _("%(name)s has the role “%(role)s” in %(survey)s now.")
    return message % {"name": row.user, "role": row.get_role_display(), "survey": row.survey}


def _refused(request: HttpRequest, survey: Survey, why: str) -> HttpResponse:
    messages.error(request, _("%(why)s Nothing has changed.") % {"why": why})
    return settings_page(request, survey, SurveyForm(instance=survey), MemberForm(), status=400)


def _back(request: HttpRequest, survey: Survey) -> HttpResponse:
    """Redirect to the settings, or away from them if the user gave up their own role."""
    may_stay = Membership.objects.allows(request.user, survey, Role.ADMIN)
    return redirect("survey-settings" if may_stay else "subjects", survey.slug)
