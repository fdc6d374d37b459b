"""Open a survey, and change its settings."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from webapp.archive.access import person, site_admin_page, survey_page
from webapp.archive.models import Role, Survey
from webapp.archive.settings_forms import MemberForm, NewSurveyForm, SurveyForm
from webapp.archive.survey_settings import change_survey, open_survey
from webapp.archive.views.members import settings_page


@require_http_methods(["GET", "HEAD", "POST"])
@site_admin_page
def survey_new(request: HttpRequest) -> HttpResponse:
    form = NewSurveyForm(request.POST or None)
    if request.method != "POST":
        return render(request, "archive/survey_new.html", {"form": form})
    survey = _opened(request, form)
    if survey is None:
        return render(request, "archive/survey_new.html", {"form": form}, status=400)
    messages.success(
        request,
        _(
            "%(survey)s is open, and you are its admin. Bring in pictures here; then open a workflow about them under "
            "Workflows."
        )
        % {"survey": survey},
    )
    return redirect("ingest", survey.slug)


@require_http_methods(["GET", "HEAD", "POST"])
@survey_page(Role.ADMIN)
def survey_settings(request: HttpRequest, survey: Survey) -> HttpResponse:
    if request.method != "POST":
        return settings_page(request, survey, SurveyForm(instance=survey), MemberForm())
    form = SurveyForm(request.POST, instance=Survey.objects.get(pk=survey.pk))
    if not _changed(survey, form):
        return settings_page(request, survey, form, MemberForm(), status=400)
    messages.success(request, _("The settings are saved."))
    return redirect("survey-settings", survey.slug)


def _opened(request: HttpRequest, form: NewSurveyForm) -> Survey | None:
    """Return the survey that the form describes; None where it cannot be opened, and the form says why."""
    if not form.is_valid():
        return None
    try:
        return open_survey(by=person(request), **form.cleaned_data)
    except ValidationError as error:
        form.refuse(error)
        return None


def _changed(survey: Survey, form: SurveyForm) -> bool:
    if not form.is_valid():
        return False
    try:
        change_survey(survey=survey, **form.cleaned_data)
    except ValidationError as error:
        form.refuse(error)
        return False
    return True
