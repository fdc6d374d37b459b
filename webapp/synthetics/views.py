"""Training page for scientists: the gold that volunteers train on, and injecting more movers."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from webapp.archive.access import person, survey_page
from webapp.archive.models import Role, Survey
from webapp.core.fragments import fragment_of
from webapp.queue.models import QueueEntry
from webapp.synthetics.inject_movers import CannotInject, is_open, start_injection
from webapp.synthetics.models import Injection
from webapp.synthetics.mover import mover_classes
from webapp.workflows.gold_schedule import in_numbers
from webapp.workflows.models import Workflow
from webapp.workflows.workflow_page import workflow_page


class InjectionForm(forms.ModelForm):
    """The options of an injection."""

    class Meta:
        model = Injection
        fields = ("number", "snr_min", "snr_max", "fwhm", "shape", "label")
        labels = {
            "number": gettext_lazy("Count"),
            "snr_min": gettext_lazy("Faintest, S/N in each frame"),
            "snr_max": gettext_lazy("Brightest, S/N in each frame"),
            "fwhm": gettext_lazy("Width of a star (FWHM, pixels)"),
            "shape": gettext_lazy("Drawn as"),
        }
        help_texts = {"fwhm": ""}
        widgets = {name: forms.NumberInput({"step": "any"}) for name in ("snr_min", "snr_max", "fwhm")}

    def __init__(self, survey: Survey, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = [(name, name) for name in mover_classes(survey)]
        self.fields["label"] = forms.ChoiceField(choices=names, label=gettext_lazy("Class"))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        faintest, brightest = cleaned.get("snr_min"), cleaned.get("snr_max")
        if faintest is not None and brightest is not None and faintest > brightest:
            raise ValidationError({"snr_max": gettext_lazy("The brightest must not be fainter than the faintest.")})
        return cleaned


@require_safe
@survey_page(Role.SCIENTIST)
def training(request: HttpRequest, survey: Survey) -> HttpResponse:
    return _page(request, survey)


@require_POST
@workflow_page(Role.SCIENTIST)
def injection_start(request: HttpRequest, workflow: Workflow) -> HttpResponse:
    survey = workflow.survey
    form = InjectionForm(survey, request.POST, auto_id=f"id_{workflow.slug}_%s")
    if is_open(workflow):
        form.add_error(None, _("Movers are already being drawn for this workflow; wait until that finishes."))
    if not form.is_valid():
        return _page(request, survey, {workflow.pk: form}, status=400)
    try:
        start_injection(workflow=workflow, by=person(request), **form.cleaned_data)
    except CannotInject as error:
        form.add_error(None, str(error))
        return _page(request, survey, {workflow.pk: form}, status=400)
    except ValidationError as error:
        form.add_error(None, " ".join(error.messages))
        return _page(request, survey, {workflow.pk: form}, status=400)
    messages.success(request, _("A worker draws the movers; they join the queue as they are made."))
    return redirect("training", survey.slug)


@require_safe
@workflow_page(Role.SCIENTIST)
@fragment_of("training")
def injection_progress(request: HttpRequest, workflow: Workflow) -> HttpResponse:
    """Return the fragment that refreshes itself while movers are drawn."""
    survey = workflow.survey
    return render(
        request, "synthetics/injection.html", {"survey": survey, "row": _row(workflow, _gold_counts(survey), None)}
    )


@require_POST
@survey_page(Role.SCIENTIST)
def injection_cancel(request: HttpRequest, survey: Survey, workflow: str, pk: int) -> HttpResponse:
    job = get_object_or_404(Injection, workflow__survey=survey, workflow__slug=workflow, pk=pk)
    job.request_cancel()
    messages.info(request, _("Drawing stops after the current batch. Movers already in the queue stay."))
    return redirect("training", survey.slug)


def _page(
    request: HttpRequest, survey: Survey, forms: dict[int, InjectionForm] | None = None, status: int = 200
) -> HttpResponse:
    counts = _gold_counts(survey)
    rows = [_row(each, counts, (forms or {}).get(each.pk)) for each in survey.workflows.all()]
    has_practice = survey.workflows.filter(is_training=True, is_active=True).exists()
    page = {"survey": survey, "rows": rows, "has_practice": has_practice}
    return render(request, "synthetics/training.html", page, status=status)


def _row(workflow: Workflow, counts: dict[int, dict[str, int]], form: InjectionForm | None) -> dict[str, Any]:
    return {
        "workflow": workflow,
        "counts": counts.get(workflow.pk, {"real": 0, "bogus": 0, "synthetic": 0}),
        "schedule": in_numbers(workflow.training_schedule),
        "form": form or InjectionForm(workflow.survey, auto_id=f"id_{workflow.slug}_%s"),
        "job": Injection.objects.filter(workflow=workflow).first(),
    }


def _gold_counts(survey: Survey) -> dict[int, dict[str, int]]:
    """Return by workflow the numbers of real, bogus, and synthetic training subjects."""
    is_real = Q(subject__gold_label="yes") | Q(subject__gold_label__in=survey.positive)
    counted = (
        QueueEntry.objects.filter(workflow__survey=survey, is_gold=True)
        .order_by("workflow")
        .values("workflow")
        .annotate(
            real=Count("pk", filter=is_real),
            bogus=Count("pk", filter=~is_real),
            synthetic=Count("pk", filter=Q(subject__is_synthetic=True)),
        )
    )
    names = ("real", "bogus", "synthetic")
    return {row[0]: dict(zip(names, row[1:], strict=True)) for row in counted.values_list("workflow", *names)}
