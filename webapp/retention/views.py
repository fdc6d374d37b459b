"""The page of a survey's retention: its rule, a dry run, the run itself, and what earlier ones have freed."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.validators import MinValueValidator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from webapp.archive.access import person, survey_page
from webapp.archive.models import Role, Survey
from webapp.core.fragments import fragment_of
from webapp.retention.models import RetentionRun
from webapp.retention.start_run import RetentionRefused, start_run

SHOWN = 20


class RetentionForm(forms.ModelForm):
    class Meta:
        model = Survey
        fields = ("drop_bogus_after", "keep_bogus")
        labels = {
            "drop_bogus_after": gettext_lazy("Drop pixels of bogus subjects after (days)"),
            "keep_bogus": gettext_lazy("Bogus subjects of each workflow that stay for training"),
        }
        help_texts = {
            "drop_bogus_after": gettext_lazy("Counted from their retirement. Empty: all pixels stay."),
            "keep_bogus": gettext_lazy("The ones that were retired last."),
        }

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["drop_bogus_after"].validators.append(MinValueValidator(1))


@require_http_methods(["GET", "HEAD", "POST"])
@survey_page(Role.ADMIN)
def retention(request: HttpRequest, survey: Survey) -> HttpResponse:
    """Show the rule and the runs; a POST changes the rule."""
    form = RetentionForm(request.POST or None, instance=Survey.objects.get(pk=survey.pk))
    if request.method == "POST" and form.is_valid():
        Survey.objects.filter(pk=survey.pk).update(**form.cleaned_data)
        messages.success(request, _("Saved. Nothing is dropped before the next run, at night."))
        return redirect("retention", survey.slug)
    status = 400 if request.method == "POST" else 200
    return render(request, "retention/retention.html", {"form": form, **_runs(survey)}, status=status)


@require_safe
@survey_page(Role.ADMIN)
@fragment_of("retention")
def retention_runs(request: HttpRequest, survey: Survey) -> HttpResponse:
    """Show the list of runs, which refreshes itself while one is open."""
    return render(request, "retention/retention_runs.html", _runs(survey))


@require_POST
@survey_page(Role.ADMIN)
def retention_start(request: HttpRequest, survey: Survey) -> HttpResponse:
    try:
        start_run(survey=survey, by=person(request), dry_run=request.POST.get("act") != "drop")
    except RetentionRefused as refused:
        messages.error(request, str(refused))
    return redirect("retention", survey.slug)


def _runs(survey: Survey) -> dict[str, Any]:
    runs = list(RetentionRun.objects.filter(survey=survey).select_related("requested_by")[:SHOWN])
    return {"survey": survey, "runs": runs, "is_running": any(not run.is_over for run in runs)}
