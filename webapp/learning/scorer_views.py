"""External scorers on the models page: register one, evaluate it again, revoke its secret; for admins."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from webapp.archive.access import person, survey_page
from webapp.archive.models import Role, Survey
from webapp.core.stored_messages import in_words
from webapp.learning.external_scorers import (
    ExternalScorerFailed,
    address_without_query,
    evaluate_scorer,
    register_scorer,
    revoke_scorer,
)
from webapp.learning.models import Checkpoint, ExternalScorer, TrainingRun
from webapp.learning.promotion import previous_champion
from webapp.learning.triggers import AlreadyTraining
from webapp.workflows.models import Workflow


class ScorerForm(forms.Form):
    """An external scorer; the secret is never shown again."""

    workflow = forms.ModelChoiceField(queryset=Workflow.objects.none(), label=_("Workflow"), empty_label=None)
    name = forms.CharField(
        max_length=60, label=_("Name"), help_text=_("An existing name replaces its address and secret.")
    )
    address = forms.CharField(
        max_length=400, label=_("Address"), help_text=_("https://… It is sent pixels, metadata and times.")
    )
    secret = forms.CharField(
        min_length=16,
        max_length=200,
        label=_("Secret"),
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
        help_text=_("At least 16 characters. It signs every request, and is never shown again."),
    )

    def __init__(self, survey: Survey, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["workflow"].queryset = Workflow.objects.filter(survey=survey).order_by("name")  # type: ignore[attr-defined]


@require_GET
@survey_page(Role.ADMIN)
def scorers(request: HttpRequest, survey: Survey) -> HttpResponse:
    return _page(request, survey, ScorerForm(survey))


@require_POST
@survey_page(Role.ADMIN)
def register(request: HttpRequest, survey: Survey) -> HttpResponse:
    form = ScorerForm(survey, request.POST)
    if not form.is_valid():
        return _page(request, survey, form, status=400)
    try:
        run = register_scorer(**form.cleaned_data, by=person(request))
    except AlreadyTraining as error:
        form.add_error(None, str(error))
        return _page(request, survey, form, status=400)
    except ValidationError as error:
        form.add_error(None, error)
        return _page(request, survey, form, status=400)
    return redirect("training-run", survey.slug, run.pk)


@require_POST
@survey_page(Role.ADMIN)
def evaluate(request: HttpRequest, survey: Survey, pk: int) -> HttpResponse:
    scorer = get_object_or_404(ExternalScorer, workflow__survey=survey, pk=pk)
    try:
        run: TrainingRun = evaluate_scorer(scorer, by=person(request))
    except (AlreadyTraining, ExternalScorerFailed) as error:
        messages.error(request, in_words(error.args[0]))
        return redirect("scorers", survey.slug)
    return redirect("training-run", survey.slug, run.pk)


@require_POST
@survey_page(Role.ADMIN)
def revoke(request: HttpRequest, survey: Survey, pk: int) -> HttpResponse:
    scorer = get_object_or_404(ExternalScorer, workflow__survey=survey, pk=pk)
    revoke_scorer(scorer)
    messages.success(request, gettext("The site sends %(name)s no more subjects.") % {"name": scorer.name})
    return redirect("scorers", survey.slug)


def _page(request: HttpRequest, survey: Survey, form: ScorerForm, status: int = 200) -> HttpResponse:
    rows = ExternalScorer.objects.filter(workflow__survey=survey).select_related("workflow", "registered_by")
    context = {"survey": survey, "form": form, "scorers": [_row(scorer) for scorer in rows]}
    return render(request, "learning/scorers.html", context, status=status)


def _row(scorer: ExternalScorer) -> dict[str, Any]:
    champion = Checkpoint.objects.filter(run__scorer=scorer, is_champion=True).first()
    previous = previous_champion(champion)
    return {
        "scorer": scorer,
        "address": address_without_query(scorer),
        "run": scorer.runs.first(),
        "champion": champion,
        "way_back": previous if previous and previous.run.scorer_id != scorer.pk else None,
    }
