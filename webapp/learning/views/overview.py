"""A survey's models: who is champion, what trains now, what trained before; and starting a run."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from webapp.archive.access import person, survey_page
from webapp.archive.models import Survey
from webapp.archive.models.survey import Role
from webapp.learning.forms import TrainingForm
from webapp.learning.models import Checkpoint, ModelRole, Promotion, TrainingRun
from webapp.learning.models.training_run import TestSet
from webapp.learning.promotion import champion_of, previous_champion
from webapp.learning.rescoring import failures
from webapp.learning.roles import roles_of
from webapp.learning.triggers import OPEN, AlreadyTraining, start_training

SHOWN = 30


@require_safe
@survey_page(Role.ADMIN)
def overview(request: HttpRequest, survey: Survey) -> HttpResponse:
    return _page(request, survey, TrainingForm(survey))


@require_safe
@survey_page(Role.ADMIN)
def overview_runs(request: HttpRequest, survey: Survey) -> HttpResponse:
    """Return the list of runs, which renews itself while one is open."""
    return render(request, "learning/runs.html", _runs(survey))


@require_POST
@survey_page(Role.ADMIN)
def start(request: HttpRequest, survey: Survey) -> HttpResponse:
    form = TrainingForm(survey, request.POST)
    if not form.is_valid():
        return _page(request, survey, form, status=400)
    try:
        run = start_training(by=person(request), **form.cleaned_data)
    except AlreadyTraining as error:
        messages.error(request, str(error))
        return redirect("learning", survey.slug)
    except ValidationError as error:
        form.add_error(None, error)
        return _page(request, survey, form, status=400)
    return redirect("training-run", survey.slug, run.pk)


def _page(request: HttpRequest, survey: Survey, form: TrainingForm, status: int = 200) -> HttpResponse:
    roles = roles_of(survey)
    promotions = Promotion.objects.filter(checkpoint__survey=survey).select_related("checkpoint", "previous", "by")
    context = {
        "form": form,
        "champions": [_champion(survey, role) for role in roles],
        "promotions": promotions[:SHOWN],
        "test_sets": [
            (role.kind, role.label, TestSet.objects.filter(survey=survey, kind=role.kind, is_current=True).first())
            for role in roles
        ],
        **_runs(survey),
    }
    return render(request, "learning/overview.html", context, status=status)


def _champion(survey: Survey, role: ModelRole) -> dict[str, Any]:
    checkpoint = champion_of(survey, role)
    evaluation = checkpoint.evaluations.first() if checkpoint else None
    scoring = checkpoint.scoring_runs.first() if checkpoint else None
    return {
        "role": role,
        "name": role.label,
        "checkpoint": checkpoint,
        "evaluation": evaluation,
        "scoring": scoring,
        "failures": failures(checkpoint) if checkpoint else [],
        "previous": previous_champion(checkpoint),
    }


def _runs(survey: Survey) -> dict[str, Any]:
    runs = list(
        TrainingRun.objects.filter(survey=survey)
        .select_related("workflow", "training_set", "requested_by", "checkpoint")
        .prefetch_related("checkpoint__evaluations")[:SHOWN]
    )
    models = Checkpoint.objects.filter(survey=survey).exists()
    return {"survey": survey, "runs": runs, "is_training": any(run.state in OPEN for run in runs), "has_models": models}
