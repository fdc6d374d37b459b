"""Calibration page: reliability of the posterior on subjects of known class."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from ml.crowd.posterior_calibration import Calibration
from ml.crowd.posterior_calibration import calibration as calibrated
from webapp.archive.models import Role
from webapp.core.csv_writer import csv_response
from webapp.review.judged_subjects import SOURCES, judged_subjects
from webapp.workflows.models import Workflow
from webapp.workflows.workflow_page import beside, workflow_page

FEW = 50
FEW_OF_A_KIND = 10
CSV_COLUMNS = ("posterior_from", "posterior_below", "subjects", "yes", "mean_posterior", "share_yes", "low", "high")


class CalibrationForm(forms.Form):
    source = forms.ChoiceField(
        choices=list(zip(SOURCES, (_("scientists’ verdicts"), _("the survey's gold")), strict=True)),
        required=False,
        label=_("Ground truth"),
    )
    random = forms.BooleanField(required=False, label=_("Only randomly sampled subjects"))


@require_safe
@workflow_page(Role.SCIENTIST)
def calibration(request: HttpRequest, workflow: Workflow) -> HttpResponse:
    options = _options(request)
    curve = _calibration(workflow, options)
    context = {
        "form": CalibrationForm(initial=options),
        "said": options,
        "query": request.GET.urlencode(),
        "found": curve,
        "is_few": curve is not None and (curve.n < FEW or min(curve.yes, curve.n - curve.yes) < FEW_OF_A_KIND),
        "few": FEW,
        "few_of_a_kind": FEW_OF_A_KIND,
        "n_no": curve.n - curve.yes if curve else 0,
        "level": round(100 * curve.level) if curve else 0,
        "plot": _plot(curve) if curve else None,
        **beside(workflow, "calibration"),
    }
    return render(request, "review/calibration.html", context)


@require_safe
@workflow_page(Role.SCIENTIST)
def calibration_csv(request: HttpRequest, workflow: Workflow) -> HttpResponseBase:
    curve = _calibration(workflow, _options(request))
    bins = curve.bins if curve else ()
    rows = ((b.low, b.high, b.n, b.yes, b.mean, b.fraction, b.fraction_low, b.fraction_high) for b in bins)
    return csv_response(f"calibration-{workflow.slug}.csv", CSV_COLUMNS, rows)


def _options(request: HttpRequest) -> dict[str, Any]:
    form = CalibrationForm(request.GET)
    form.is_valid()
    source = form.cleaned_data.get("source") or SOURCES[0]
    return {"source": source, "random": source == "rulings" and form.cleaned_data.get("random", False)}


def _calibration(workflow: Workflow, options: dict[str, Any]) -> Calibration | None:
    rows = judged_subjects(workflow, options["source"], only_random=options["random"])
    return calibrated(rows.is_yes, rows.posterior, rows.group) if len(rows.is_yes) else None


def _plot(curve: Calibration) -> dict[str, list[float]]:
    columns = {"mean": "mean", "fraction": "fraction", "low": "fraction_low", "high": "fraction_high", "n": "n"}
    return {name: [getattr(each, field) for each in curve.bins] for name, field in columns.items()}
