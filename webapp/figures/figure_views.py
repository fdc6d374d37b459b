"""Discovery figures of a workflow: the sky, magnitudes, motions, completeness, and the champion's working point."""

from typing import Any

import numpy as np
from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from webapp.archive.models import Role
from webapp.core.figure_table import FigureTable
from webapp.figures.completeness_grid import grid_table
from webapp.figures.discoveries import MOST, POPULATIONS, Discoveries, graticule
from webapp.figures.figure_tables import (
    PLANES,
    TABLES,
    calibration_table,
    curves_of,
    discoveries_of,
    histogram_table,
    plane_table,
    table_of,
)
from webapp.figures.night_views import TITLES
from webapp.figures.page_options import PageOptions, ThresholdForm, any_step
from webapp.figures.synthetic_completeness import FINDERS, Movers, movers_of
from webapp.figures.working_point import unseen_test_subjects
from webapp.workflows.models import Workflow
from webapp.workflows.workflow_page import beside, workflow_page

LISTED = 50
RAREST = 1e-6
FOUND_BY = {
    "volunteer": _("Found by single volunteers"),
    "crowd": _("Found by volunteers (posterior from 0.5 on)"),
    "model": _("Found by the champion, at the threshold"),
}
WORDS = (_("settled movers"), _("the champion's candidates"), _("all subjects"))


class FiguresForm(ThresholdForm):
    """What is drawn, the champion's threshold, and how common movers are."""

    population = forms.ChoiceField(choices=list(zip(POPULATIONS, WORDS, strict=True)), label=_("Subjects"))
    abundance = forms.FloatField(
        min_value=RAREST, max_value=1 - RAREST, label=_("Movers among all subjects"), widget=any_step()
    )
    field_order = ("population", "threshold", "abundance")


def _asked(request: HttpRequest, workflow: Workflow) -> PageOptions:
    abundance = float(np.clip(workflow.prior, RAREST, 1 - RAREST))
    return PageOptions(request, workflow, FiguresForm, population=POPULATIONS[0], abundance=abundance)


@require_safe
@workflow_page(Role.SCIENTIST)
def figures(request: HttpRequest, workflow: Workflow) -> HttpResponse:
    asked = _asked(request, workflow)
    if asked.form.errors:
        return asked.refused(request, "figures/figures.html", "figures")
    found, movers, curves = discoveries_of(asked), movers_of(asked), curves_of(asked)
    planes = {finder: table for finder in PLANES if (table := plane_table(asked, movers, finder))}
    histograms = {name: table for name in found.filters if (table := histogram_table(asked, found, name)).rows}
    context: dict[str, Any] = {
        "asked": asked,
        "form": asked.form,
        "found": found,
        "most": MOST,
        "listed": [_listed(found, row) for row in range(min(LISTED, len(found.keys)))],
        "histograms": histograms,
        "planes": planes,
        "grids": _grids(asked, movers),
        "brightness": TITLES[movers.brightness] if len(movers) else "",
        "rows": unseen_test_subjects(asked.champion) if asked.champion else None,
        "curves": curves,
        "row": curves.nearest(asked.threshold) if curves else None,
        "table": curves.table() if curves else [],
        "calibration": calibration_table(curves) if curves else None,
        "csv": {name.replace("-", "_"): _csv_address(asked, name) for name in TABLES},
        **beside(workflow, "figures"),
    }
    context["plot"] = {
        "histograms": {name: _drawn(table) for name, table in histograms.items()},
        "planes": {finder: _drawn(table) for finder, table in planes.items()},
        "brightness": str(context["brightness"]),
        "points": f"{reverse('figures-data', args=[workflow.survey.slug, workflow.slug])}?{asked.query}",
        "subject": reverse("subject", args=[workflow.survey.slug, 0]).replace("/0/", "/@pk/"),
        "graticule": graticule(),
        "curves": curves.plotted() if curves else None,
        "row": context["row"],
    }
    return render(request, "figures/figures.html", context)


@require_safe
@workflow_page(Role.SCIENTIST)
def figures_data(request: HttpRequest, workflow: Workflow) -> HttpResponseBase:
    """Return the points as JSON for the page."""
    return JsonResponse(discoveries_of(_asked(request, workflow).accepted()).plotted())


@require_safe
@workflow_page(Role.SCIENTIST)
def figure_csv(request: HttpRequest, workflow: Workflow, name: str) -> HttpResponseBase:
    """Return the points of one figure."""
    return table_of(_asked(request, workflow).accepted(), name).as_csv(f"{name}-{workflow.slug}.csv")


def _csv_address(asked: PageOptions, name: str) -> str:
    workflow = asked.workflow
    return f"{reverse('figure-csv', args=[workflow.survey.slug, workflow.slug, name])}?{asked.query}"


def _grids(asked: PageOptions, movers: Movers) -> list[tuple[Any, FigureTable, str]]:
    """Return the two-way table of each finder with movers: its title, the table, and the address of its file."""
    tables = ((finder, grid_table(asked, movers, finder)) for finder in FINDERS)
    return [(FOUND_BY[finder], table, _csv_address(asked, f"grid-{finder}")) for finder, table in tables if table]


def _drawn(table: FigureTable) -> dict[str, Any]:
    """Return a table's columns and addresses for a browser."""
    return {"columns": table.plotted(), "addresses": table.addresses}


def _listed(found: Discoveries, row: int) -> dict[str, Any]:
    values = {name: float(column[row]) for name, column in found.columns.items()}
    known = {name: None if np.isnan(value) else value for name, value in values.items()}
    return {"pk": found.keys[row], "name": found.names[row], "is_known": found.known[row], **known}
