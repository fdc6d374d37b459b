"""Edit a survey's project page as drafts, and publish a version of it."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from webapp.archive.access import person, survey_page
from webapp.archive.models import Role, Survey
from webapp.core.markdown import has_foreign_pictures
from webapp.guides.guide_texts import TextRefused
from webapp.guides.models import ProjectPageVersion
from webapp.guides.project_page import TEXTS, live_version, newest_version, publish, save_draft, texts_of

SHOWN = 50
ROWS = {"story": 16, "team": 6, "faq": 10}


class ProjectPageForm(forms.ModelForm):
    """The page's texts, and the version that they are based on."""

    based_on = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    class Meta:
        model = Survey
        fields = TEXTS
        labels = {
            "story": gettext_lazy("Story"),
            "team": gettext_lazy("Team"),
            "faq": gettext_lazy("Questions and answers"),
        }
        help_texts = {
            "story": gettext_lazy(
                "In Markdown: what the survey observes, why it needs volunteers, and what happens to their discoveries."
            ),
            "team": gettext_lazy("Who is behind it. Members who chose to be named are listed below it."),
            "faq": gettext_lazy("Each question as a heading (## Why …?), with its answer below."),
        }
        widgets = {name: forms.Textarea({"rows": rows, "data-part": "body"}) for name, rows in ROWS.items()}


@require_http_methods(["GET", "HEAD", "POST"])
@survey_page(Role.SCIENTIST)
def project_page(request: HttpRequest, survey: Survey) -> HttpResponse:
    """Edit the newest version; save it as a draft, and show that as visitors would see it if asked to."""
    newest = newest_version(survey)
    if request.method != "POST":
        texts = texts_of(newest or survey)
        form = ProjectPageForm(initial={**texts, "based_on": newest.number if newest else 0})
        return _editor(request, survey, form)
    form = ProjectPageForm(request.POST)
    if form.is_valid():
        texts = {name: form.cleaned_data[name].replace("\r\n", "\n") for name in TEXTS}
        try:
            draft = save_draft(survey=survey, texts=texts, based_on=form.cleaned_data["based_on"], by=person(request))
        except TextRefused as error:
            form.add_error(None, str(error))
        else:
            if request.POST.get("act") == "preview":
                return redirect("project-version", survey.slug, draft.number)
            messages.success(request, _("Version %(number)d saved.") % {"number": draft.number})
            return redirect("story", survey.slug)
    return _editor(request, survey, form, status=400)


@require_POST
@survey_page(Role.SCIENTIST)
def project_publish(request: HttpRequest, survey: Survey, number: int) -> HttpResponse:
    version = get_object_or_404(ProjectPageVersion.objects.select_related("survey"), survey=survey, number=number)
    live = publish(version=version, by=person(request))
    messages.success(request, _("Version %(number)d is live: everyone sees it now.") % {"number": live.number})
    return redirect("project", survey.slug)


def _editor(request: HttpRequest, survey: Survey, form: ProjectPageForm, status: int = 200) -> HttpResponse:
    rows = ProjectPageVersion.objects.filter(survey=survey).select_related("created_by", "published_by")
    page = {
        "survey": survey,
        "form": form,
        "versions": rows[:SHOWN],
        "live": live_version(survey),
        "has_foreign_pictures": any(has_foreign_pictures(form[name].value() or "") for name in TEXTS),
    }
    return render(request, "guides/project_page.html", page, status=status)
