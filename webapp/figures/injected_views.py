"""List of the movers injected into a workflow's queue, by brightness, rate, and who was asked."""

from typing import Any

import numpy as np
from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from webapp.archive.models import Role, Subject
from webapp.core.figure_table import Column, FigureTable, count, fixed
from webapp.figures.page_options import PageOptions, ThresholdForm, any_step
from webapp.figures.synthetic_completeness import FINDERS, QUANTITIES, Movers, movers_of
from webapp.workflows.models import Workflow
from webapp.workflows.workflow_page import beside, workflow_page

LISTED = 500
LIMITS = [f"{name}_{end}" for name in QUANTITIES for end in ("min", "max")]
NAMES = (_("volunteers"), _("the consensus"), _("the champion"))
TITLES = {"mag": _("Magnitude"), "snr": _("S/N in each frame"), "rate": _("Rate, ″/h")}
COLUMNS = (
    Column("subject", _("Subject")),
    Column("mag", TITLES["mag"], fixed(2)),
    Column("snr", TITLES["snr"], fixed(1)),
    Column("rate", TITLES["rate"], fixed(1)),
    Column("yes", _("Volunteers: yes"), count),
    Column("answers", _("Answers"), count),
    Column("posterior", _("Posterior"), fixed(3)),
    Column("p_real", _("P(real)"), fixed(3)),
)


class InjectedForm(ThresholdForm):
    """Limits of brightness and rate, and who must have looked."""

    finder = forms.ChoiceField(
        required=False, label=_("Looked at by"), choices=[("", _("anybody")), *zip(FINDERS, NAMES, strict=True)]
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in QUANTITIES:
            for end, words in (("min", TITLES[name]), ("max", _("to"))):
                self.fields[f"{name}_{end}"] = forms.FloatField(required=False, label=words, widget=any_step())

    def pairs(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        return [(self[f"{name}_min"], self[f"{name}_max"]) for name in QUANTITIES]


@require_safe
@workflow_page(Role.SCIENTIST)
def injected(request: HttpRequest, workflow: Workflow) -> HttpResponse:
    asked = _asked(request, workflow)
    if asked.form.errors:
        return asked.refused(request, "figures/injected.html", "figures")
    movers = movers_of(asked)
    table = _table(asked, movers)
    csv = reverse("injected-movers-csv", args=[workflow.survey.slug, workflow.slug])
    context = {
        "asked": asked,
        "form": asked.form,
        "has_movers": len(movers) > 0,
        "total": len(table.rows),
        "table": FigureTable(table.columns, table.rows[:LISTED], table.addresses),
        "most": LISTED,
        "csv": f"{csv}?{asked.query}",
        **beside(workflow, "figures"),
    }
    return render(request, "figures/injected.html", context)


@require_safe
@workflow_page(Role.SCIENTIST)
def injected_csv(request: HttpRequest, workflow: Workflow) -> HttpResponseBase:
    asked = _asked(request, workflow).accepted()
    return asked.with_model(_table(asked, movers_of(asked))).as_csv(f"injected-{workflow.slug}.csv")


def _asked(request: HttpRequest, workflow: Workflow) -> PageOptions:
    return PageOptions(request, workflow, InjectedForm, finder="", **dict.fromkeys(LIMITS))


def _table(asked: PageOptions, movers: Movers) -> FigureTable:
    """Return the movers within the limits, newest first; each leads to its subject."""
    values = {name: movers.values(name) for name in QUANTITIES}
    chosen = np.ones(len(movers), dtype=bool)
    if asked.values["finder"]:
        chosen = np.isin(np.arange(len(movers)), movers.trials(asked.values["finder"])[0])
    for name, column in values.items():
        low, high = asked.values[f"{name}_min"], asked.values[f"{name}_max"]
        chosen &= True if low is None else column >= low
        chosen &= True if high is None else column <= high
    at = np.flatnonzero(chosen)
    columns = values | {name: movers.rows[name] for name in ("yes", "answers", "posterior", "p_real")}
    keys = movers.rows["subject"][at].tolist()
    names = dict(Subject.objects.filter(pk__in=keys).values_list("pk", "external_id"))
    numbers = ([None if np.isnan(v) else v for v in columns[each.name][at].tolist()] for each in COLUMNS[1:])
    rows = list(zip((names.get(key, "") for key in keys), *numbers, strict=True))
    addresses = [reverse("subject", args=[asked.workflow.survey.slug, key]) for key in keys]
    return FigureTable(COLUMNS, rows, {"subject": addresses})
