"""Night report page of a workflow, and completeness by injected movers."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from webapp.archive.models import Role
from webapp.core.csv_writer import csv_response
from webapp.figures.cell_links import limits, night_addresses, review_address
from webapp.figures.nights import NIGHTS, POPULATIONS, Night, NightsPage, nights_of
from webapp.figures.page_options import PageOptions, ThresholdForm
from webapp.figures.synthetic_completeness import FINDERS, QUANTITIES, Movers, Row, movers_of
from webapp.workflows.models import Workflow
from webapp.workflows.workflow_page import beside, workflow_page

NIGHT_COLUMNS = (
    "night_mjd", "night_utc", "exposures", "limiting_mag", "subjects", "unknown", "known", "real", "bogus",
    "scored_real", "scored_bogus", "false_positive", "false_positive_rate", "false_positive_low", "false_positive_high",
    "false_negative", "false_negative_rate", "false_negative_low", "false_negative_high", "scored", "below_threshold",
    "workload_saved", "model",
)  # fmt: skip
BIN_COLUMNS = ("quantity", "from", "to", "finder", "n", "completeness", "low", "high")
TITLES = {"mag": _("magnitude"), "snr": _("S/N in each frame"), "rate": _("rate, ″/h")}


class NightsForm(ThresholdForm):
    """Which subjects count, from which probability on the model calls one real, and before which night."""

    population = forms.ChoiceField(
        choices=list(zip(POPULATIONS, (_("all subjects"), _("no known object nearby")), strict=True)),
        label=_("Subjects"),
    )
    before = forms.DateField(required=False, label=_("Before the night"), widget=forms.HiddenInput)


def _asked(request: HttpRequest, workflow: Workflow) -> PageOptions:
    return PageOptions(request, workflow, NightsForm, population=POPULATIONS[0], before="")


def _nights(asked: PageOptions) -> NightsPage:
    before = asked.values["before"] or None
    return nights_of(asked.workflow, asked.champion, asked.threshold, asked.population, before)


@require_safe
@workflow_page(Role.SCIENTIST)
def nights(request: HttpRequest, workflow: Workflow) -> HttpResponse:
    asked = _asked(request, workflow)
    if asked.form.errors:
        return asked.refused(request, "figures/nights.html", "nights")
    page, movers = _nights(asked), movers_of(asked)
    rows, older = page.nights, page.older_than
    context: dict[str, Any] = {
        "asked": asked,
        "form": asked.form,
        "nights": [(night, night_addresses(asked, night), _in_review(asked, night)) for night in rows],
        "most": NIGHTS,
        "older": asked.query_with(before=older) if older else "",
        "newest": asked.query_with(before="") if asked.values["before"] else "",
        "plot": _plot(rows),
        "n_movers": len(movers),
        "completeness": _completeness(asked, movers),
        "csv": f"{reverse('nights-csv', args=[workflow.survey.slug, workflow.slug])}?{asked.query}",
        **beside(workflow, "nights"),
    }
    return render(request, "figures/nights.html", context)


@require_safe
@workflow_page(Role.SCIENTIST)
def nights_csv(request: HttpRequest, workflow: Workflow) -> HttpResponseBase:
    asked = _asked(request, workflow).accepted()
    model = asked.champion and asked.champion.pk
    rows = (
        (
            night.mjd, night.date.isoformat(), night.exposures, night.limit, night.subjects, night.unknown,
            night.known, night.real, night.bogus, night.scored_real, night.scored_bogus, night.false_positive,
            *_rate(night, "false_positive"), night.false_negative, *_rate(night, "false_negative"), night.scored,
            night.below, night.saved, model,
        )
        for night in _nights(asked).nights
    )  # fmt: skip
    return csv_response(f"nights-{workflow.slug}.csv", NIGHT_COLUMNS, rows)


@require_safe
@workflow_page(Role.SCIENTIST)
def completeness_csv(request: HttpRequest, workflow: Workflow) -> HttpResponseBase:
    movers = movers_of(_asked(request, workflow).accepted())
    return csv_response(f"completeness-{workflow.slug}.csv", BIN_COLUMNS, _bins(movers))


def _bins(movers: Movers) -> Iterator[tuple[Any, ...]]:
    for quantity in QUANTITIES:
        for row in movers.by(quantity):
            for finder in FINDERS:
                n, *fractions = row.fractions[finder]
                yield quantity, row.low, row.high, finder, n, *(fractions if n else [None] * 3)


def _in_review(asked: PageOptions, night: Night) -> dict[str, str]:
    """Return the lists in Review of all of a night's subjects, and of those without the reader's verdict."""
    return {state: review_address(asked, night, state) for state in ("all", "todo")}


def _plot(rows: list[Night]) -> dict[str, list[Any]] | None:
    """Return the trend's columns, oldest night first; None before there are two nights with scores."""
    shown = [night for night in reversed(rows) if night.scored]
    if len(shown) < 2:
        return None
    columns: dict[str, list[Any]] = {
        "mjd": [night.mjd for night in shown],
        "date": [night.date.isoformat() for night in shown],
        "saved": [night.saved for night in shown],
    }
    for name in ("false_positive", "false_negative"):
        parts = zip(*(_rate(night, name) for night in shown), strict=True)
        columns |= dict(zip((name, f"{name}_low", f"{name}_high"), map(list, parts), strict=True))
    return columns


def _rate(night: Night, name: str) -> tuple[float | None, ...]:
    """Return a rate with its 95 % interval; None without subjects to count."""
    rate = getattr(night, f"{name}_rate")
    return (None, None, None) if rate is None else (rate, *night.interval(name))


def _completeness(asked: PageOptions, movers: Movers) -> list[tuple[Any, list[tuple[Row, str]]]]:
    """Return the table of each known quantity: its title, and its rows with the query of each one's movers."""

    def query(name: str, row: Row, *, is_last: bool) -> str:
        return urlencode({"threshold": asked.threshold, **limits(name, (row.low, row.high, is_last))})

    tables = ((name, movers.by(name)) for name in QUANTITIES)
    return [
        (TITLES[name], [(row, query(name, row, is_last=row is rows[-1])) for row in rows])
        for name, rows in tables
        if rows
    ]
