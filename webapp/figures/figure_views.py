"""Discovery figures of a workflow: the sky, magnitudes, motions, completeness, and the champion's working point."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from ml.evaluation.metrics.binned_completeness import Bins
from webapp.archive.models import Role
from webapp.core.csv_writer import csv_response
from webapp.figures.asked import Asked, ThresholdForm, any_step
from webapp.figures.discoveries import COLUMNS, MOST, POPULATIONS, Discoveries, discoveries, graticule
from webapp.figures.night_views import TITLES
from webapp.figures.synthetic_completeness import movers_of
from webapp.figures.working_point import WorkingPoints, unseen_test_subjects, working_points
from webapp.workflows.models import Workflow
from webapp.workflows.workflow_page import beside, workflow_page

LISTED = 50
RAREST = 1e-6
WORDS = (_("settled movers"), _("the champion's candidates"), _("all subjects"))


class FiguresForm(ThresholdForm):
    """What is drawn, the champion's threshold, and how common movers are."""

    population = forms.ChoiceField(choices=list(zip(POPULATIONS, WORDS, strict=True)), label=_("Subjects"))
    abundance = forms.FloatField(
        min_value=RAREST, max_value=1 - RAREST, label=_("Movers among all subjects"), widget=any_step()
    )
    field_order = ("population", "threshold", "abundance")


def _asked(request: HttpRequest, workflow: Workflow) -> Asked:
    abundance = float(np.clip(workflow.prior, RAREST, 1 - RAREST))
    return Asked(request, workflow, FiguresForm, population=POPULATIONS[0], abundance=abundance)


def _found(asked: Asked) -> Discoveries:
    return discoveries(asked.workflow, asked.population, asked.champion, asked.threshold)


@require_safe
@workflow_page(Role.SCIENTIST)
def figures(request: HttpRequest, workflow: Workflow) -> HttpResponse:
    asked = _asked(request, workflow)
    found, movers = _found(asked), movers_of(workflow, asked.champion, asked.threshold)
    planes = {finder: movers.plane(finder) for finder in ("crowd", "model")} if len(movers) else {}
    context: dict[str, Any] = {
        "asked": asked,
        "form": asked.form,
        "found": found,
        "most": MOST,
        "listed": [_listed(found, row) for row in range(min(LISTED, len(found.keys)))],
        "histograms": {name: found.histogram(name) for name in ("mag", "rate")},
        "planes": [(finder, _cells(bins)) for finder, bins in planes.items() if bins is not None and bins.n.any()],
        "brightness": TITLES[movers.brightness] if len(movers) else "",
        **_model(asked),
        **beside(workflow, "figures"),
    }
    context["plot"] = {
        "histograms": context["histograms"],
        "planes": dict(context["planes"]),
        "brightness": str(context["brightness"]),
        "points": f"{reverse('figures-data', args=[workflow.survey.slug, workflow.slug])}?{asked.query}",
        "subject": reverse("subject", args=[workflow.survey.slug, 0]).replace("/0/", "/@pk/"),
        "graticule": graticule(),
        "curves": context["curves"].plotted() if context["curves"] else None,
        "row": context["row"],
    }
    return render(request, "figures/figures.html", context, status=400 if asked.form.errors else 200)


@require_safe
@workflow_page(Role.SCIENTIST)
def figures_data(request: HttpRequest, workflow: Workflow) -> HttpResponseBase:
    """Return the points as JSON for the page, or as CSV."""
    found = _found(_asked(request, workflow))
    if request.GET.get("format") == "csv":
        return csv_response(f"figures-{workflow.slug}.csv", ("subject", "known_object", *COLUMNS), _rows(found))
    return JsonResponse(found.plotted())


def _rows(found: Discoveries) -> Iterator[tuple[Any, ...]]:
    columns = [[None if np.isnan(v) else v for v in found.columns[name].tolist()] for name in COLUMNS]
    yield from zip(found.names, found.known, *columns, strict=True)


def _listed(found: Discoveries, row: int) -> dict[str, Any]:
    values = {name: float(column[row]) for name, column in found.columns.items()}
    known = {name: None if np.isnan(value) else value for name, value in values.items()}
    return {"pk": found.keys[row], "name": found.names[row], "is_known": found.known[row], **known}


def _cells(bins: Bins) -> list[dict[str, float]]:
    """Return the filled cells of a completeness plane, by their ends on both axes."""
    (x, y), (low, high) = bins.edges, bins.interval
    return [
        {
            "left": float(x[i]), "right": float(x[i + 1]), "bottom": float(y[j]), "top": float(y[j + 1]),
            "n": int(bins.n[i, j]), "share": float(bins.proportion[i, j]),
            "low": float(low[i, j]), "high": float(high[i, j]),
        }
        for i, j in np.argwhere(bins.n > 0)
    ]  # fmt: skip


def _model(asked: Asked) -> dict[str, Any]:
    """Return the champion's curves on its test set, or what they lack."""
    rows = unseen_test_subjects(asked.champion) if asked.champion else None
    curves: WorkingPoints | None = None
    if asked.champion and rows and rows.is_enough:
        curves = working_points(asked.workflow, asked.champion, rows, asked.values["abundance"])
    row = curves.nearest(asked.threshold) if curves else None
    return {"rows": rows, "curves": curves, "row": row, "table": curves.table() if curves else []}
