"""Models page: champions and training runs, for scientists; start, retry a first batch, freeze, for admins."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.humanize.templatetags.humanize import intcomma
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from ml.io.message import message_of
from webapp.archive.access import person, survey_page
from webapp.archive.models import Membership, Role, Survey
from webapp.core.fragments import fragment_of
from webapp.core.stored_messages import in_words
from webapp.learning.archive_coverage import coverage_of
from webapp.learning.drift import drift_of
from webapp.learning.first_batch import newest_batches
from webapp.learning.label_snapshot import MissingFile
from webapp.learning.learning_curve import learning_curve
from webapp.learning.lineage_views import lineage_context
from webapp.learning.manual_promotion import doubts
from webapp.learning.model_roles import ROLE_OF_KIND, roles_of
from webapp.learning.models import Checkpoint, FirstBatch, ModelRole, Preset, Promotion, TrainingRun
from webapp.learning.prevalence import latest_prevalence
from webapp.learning.promotion import FEWEST_LABELS, champion_of, previous_champion
from webapp.learning.scoring import failures
from webapp.learning.test_sets import NothingNew, TooLittleGold, current_if_frozen, freeze, lost_file
from webapp.learning.triggers import AlreadyTraining, recipes_of, short_of_labels, start_training
from webapp.workflows.models import Workflow


class WorkflowChoice(forms.ModelChoiceField):
    """A choice of workflow, labelled with its model."""

    def label_from_instance(self, obj: Any) -> str:
        return gettext_lazy("%(workflow)s (model: %(role)s)") % {
            "workflow": obj.name,
            "role": ROLE_OF_KIND[obj.kind].label,
        }


class TrainingForm(forms.Form):
    """The options of a training run."""

    workflow = WorkflowChoice(
        queryset=Workflow.objects.none(), label=gettext_lazy("Labels and role from"), empty_label=None
    )
    preset = forms.ChoiceField(choices=Preset.recipes(), label=gettext_lazy("Recipe"))
    minutes = forms.FloatField(
        required=False,
        min_value=0.1,
        max_value=600,
        label=gettext_lazy("Time limit (minutes)"),
        help_text=gettext_lazy(
            "Leave empty for the whole recipe. A limit only shortens it, and the run’s page says so."
        ),
    )

    def __init__(self, survey: Survey, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["workflow"].queryset = Workflow.objects.filter(survey=survey).order_by("name")  # type: ignore[attr-defined]
        self.fields["preset"].choices = recipes_of(roles_of(survey))  # type: ignore[attr-defined]


SHOWN = 30


@require_safe
@survey_page(Role.SCIENTIST)
def models_page(request: HttpRequest, survey: Survey) -> HttpResponse:
    return _page(request, survey, TrainingForm(survey))


@require_safe
@survey_page(Role.SCIENTIST)
@fragment_of("learning")
def training_runs(request: HttpRequest, survey: Survey) -> HttpResponse:
    """Return the list of runs, which refreshes itself while one is open."""
    return render(request, "learning/runs.html", _runs(survey))


@require_safe
@survey_page(Role.SCIENTIST)
@fragment_of("learning")
def drift(request: HttpRequest, survey: Survey, role: str) -> HttpResponse:
    """Return the fragment on the drift of a champion's scores; a large archive takes seconds."""
    champion = champion_of(survey, role)
    if champion is None:
        raise Http404(f"There is no champion of the role {role}.")
    context: dict[str, Any] = {"champion": champion, "prevalence": latest_prevalence(champion)}
    try:
        context["drift"] = drift_of(champion)
    except MissingFile as missing:
        context["missing"] = message_of(missing)
    return render(request, "learning/drift.html", context)


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


@require_safe
@survey_page(Role.SCIENTIST)
def learning_curve_csv(request: HttpRequest, survey: Survey, role: str) -> HttpResponseBase:
    """Return the points of a role's learning curve."""
    if role not in ModelRole:
        raise Http404(f"No model has the role {role}.")
    return learning_curve(survey, ModelRole(role)).table.as_csv(f"learning-curve-{role}.csv")


def _page(request: HttpRequest, survey: Survey, form: TrainingForm, status: int = 200) -> HttpResponse:
    roles = roles_of(survey)
    curves = [curve for role in roles if (curve := learning_curve(survey, role)).is_drawn]
    promotions = Promotion.objects.filter(checkpoint__survey=survey).select_related("checkpoint", "previous", "by")
    context = {
        "form": form,
        "champions": [_champion(survey, role) for role in roles],
        "curves": curves,
        "plotted": [curve.plotted() for curve in curves],
        "fewest_labels": FEWEST_LABELS,
        "promotions": promotions[:SHOWN],
        "test_sets": [_test_set(survey, role) for role in roles],
        "is_admin": Membership.objects.allows(request.user, survey, Role.ADMIN),
        **_runs(survey),
        **lineage_context(survey),
    }
    return render(request, "learning/models_page.html", context, status=status)


def _test_set(survey: Survey, role: ModelRole) -> dict[str, Any]:
    frozen = current_if_frozen(survey, role.kind)
    lost = lost_file(frozen)
    return {"kind": role.kind, "name": role.label, "frozen": frozen, "missing": message_of(lost) if lost else ""}


def _champion(survey: Survey, role: ModelRole) -> dict[str, Any]:
    checkpoint = champion_of(survey, role)
    evaluation = checkpoint.evaluations.first() if checkpoint else None
    scoring = checkpoint.scoring_runs.of_archive().first() if checkpoint else None
    failed = failures(checkpoint) if checkpoint else []
    previous = previous_champion(checkpoint)
    return {
        "role": role,
        "name": role.label,
        "checkpoint": checkpoint,
        "evaluation": evaluation,
        "scoring": scoring,
        "has_features": not role.is_detector,
        "failures": failed,
        "coverage": coverage_of(checkpoint) if checkpoint and failed else None,
        "first_batches": [] if checkpoint else newest_batches(survey, role),
        "previous": previous,
        "doubts": doubts(previous) if previous else [],
        "new_labels": short_of_labels(checkpoint) if checkpoint else None,
    }


def _runs(survey: Survey) -> dict[str, Any]:
    runs = list(
        TrainingRun.objects.filter(survey=survey)
        .select_related("workflow", "training_set", "requested_by", "checkpoint")
        .prefetch_related("checkpoint__evaluations")[:SHOWN]
    )
    models = Checkpoint.objects.filter(survey=survey).exists()
    return {"survey": survey, "runs": runs, "is_training": not all(run.is_over for run in runs), "has_models": models}


@require_POST
@survey_page(Role.ADMIN)
def retry_first_batch(request: HttpRequest, survey: Survey, pk: int) -> HttpResponse:
    batch = get_object_or_404(FirstBatch, workflow__survey=survey, pk=pk)
    try:
        with transaction.atomic():
            again = batch.retry()
    except IntegrityError:
        again = False
    if again:
        messages.success(request, _("The first batch is being chosen again."))
    else:
        messages.info(request, _("This first batch has not failed, or another is being chosen. Nothing has changed."))
    return redirect("learning", survey.slug)


@require_POST
@survey_page(Role.ADMIN)
def freeze_test_set(request: HttpRequest, survey: Survey, kind: str) -> HttpResponse:
    if kind not in ROLE_OF_KIND:
        raise Http404(f"No model is judged on a {kind}.")
    try:
        frozen = freeze(survey=survey, kind=kind)
    except (NothingNew, TooLittleGold) as error:
        messages.error(request, _("%(why)s Nothing has changed.") % {"why": in_words(message_of(error))})
    else:
        message = ngettext(
            "New test set with %(n)s gold subject. The old set is kept.",
            "New test set with %(n)s gold subjects. The old set is kept.",
            frozen.size,
        )
        messages.success(request, message % {"n": intcomma(frozen.size)})
    return redirect("learning", survey.slug)
