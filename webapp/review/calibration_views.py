"""Calibration page: reliability of the posterior on subjects of known class."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from ml.crowd.posterior_calibration import Calibration, at_temperature
from ml.crowd.posterior_calibration import calibration as calibrated
from ml.crowd.swap import CERTAINTY
from webapp.archive.models import Role
from webapp.core.csv_writer import csv_response
from webapp.core.request_values import chosen
from webapp.review.judged_subjects import SOURCES, judged_subjects
from webapp.workflows.models import Method, Workflow
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
    is_few = curve is not None and (curve.n < FEW or min(curve.yes, curve.n - curve.yes) < FEW_OF_A_KIND)
    context = {
        "form": CalibrationForm(initial=options),
        "options": options,
        "query": request.GET.urlencode(),
        "curve": curve,
        "is_few": is_few,
        "thresholds": _thresholds(workflow, curve) if curve and options["random"] and not is_few else {},
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
    source = chosen(request.GET, "source", SOURCES, usual=SOURCES[0])
    form = CalibrationForm(request.GET)
    form.is_valid()
    return {"source": source, "random": source == "rulings" and form.cleaned_data.get("random", False)}


def _calibration(workflow: Workflow, options: dict[str, Any]) -> Calibration | None:
    rows = judged_subjects(workflow, options["source"], only_random=options["random"])
    return calibrated(rows.is_yes, rows.posterior, rows.group) if len(rows.is_yes) else None


@dataclass(frozen=True)
class Threshold:
    """A workflow's threshold on the posterior, what it means at the temperature, and which one would mean that much.

    `needed` is empty if posteriors, which are clipped, cannot get there.
    """

    now: str
    meaning: str
    needed: str


def _thresholds(workflow: Workflow, curve: Calibration) -> dict[str, Threshold]:
    """Return the accept and the reject threshold of a miscalibrated workflow; nothing of a calibrated one.

    Dividing the log odds by one temperature changes no order, so other thresholds retire the same subjects as tempered
    posteriors would.
    """
    if workflow.method == Method.MAJORITY or curve.temperature is None or curve.ece <= curve.ece_by_chance:
        return {}
    limits = {"accept": workflow.accept_threshold, "reject": workflow.reject_threshold}
    return {name: _threshold(p, curve.temperature) for name, p in limits.items()}


def _threshold(p: float, temperature: float) -> Threshold:
    needed = at_temperature(p, 1 / temperature)
    is_reachable = CERTAINTY < needed < 1 - CERTAINTY
    return Threshold(_number(p), _number(at_temperature(p, temperature)), _number(needed) if is_reachable else "")


def _number(p: float) -> str:
    """Return a probability with three significant digits of its distance from the nearer of 0 and 1."""
    digits = f"{min(p, 1 - p):.2e}"
    places = max(2, 2 - int(digits[digits.index("e") + 1 :]))
    return number_format(f"{p:.{places}f}".rstrip("0"))


def _plot(curve: Calibration) -> dict[str, list[float]]:
    columns = {"mean": "mean", "fraction": "fraction", "low": "fraction_low", "high": "fraction_high", "n": "n"}
    return {name: [getattr(each, field) for each in curve.bins] for name, field in columns.items()}
