"""Consensus browser pages, with their whole state in the URL."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from webapp.archive.access import person, survey_page
from webapp.archive.models import Role, Survey
from webapp.consensus.evidence import LEVEL, Proportion, proportion_of
from webapp.consensus.models import Consensus
from webapp.core.active_filters import refuse_errors
from webapp.core.csv_writer import csv_response
from webapp.core.keyset_pagination import Page, neighbours, page_of, query_with
from webapp.learning.model_roles import role_of
from webapp.learning.promotion import champion_of
from webapp.review.browser_form import BrowserState, browser_state, columns_of
from webapp.review.consensus_browser import (
    CSV_COLUMNS,
    Bin,
    Histograms,
    browse,
    consensus_rows,
    recent_histograms,
    summed,
    with_model,
    with_rulings,
)
from webapp.review.hidden_verdicts import hide_verdicts
from webapp.review.queue_form import reviewable
from webapp.workflows.models import Workflow
from webapp.workflows.workflow_page import beside, workflow_page

PER_PAGE = 50
HISTOGRAMS = {"posterior": "p", "agreement": "agree"}
"""What each histogram counts by, and the filters of its range."""


@require_safe
@survey_page(Role.SCIENTIST)
def first_browser(request: HttpRequest, survey: Survey) -> HttpResponse:
    """Show the first workflow's subjects, or that there is no workflow."""
    workflow = reviewable(survey).first()
    if workflow is not None:
        return _page(request, workflow)
    return render(request, "review/no_workflow.html", {"survey": survey})


@require_safe
@workflow_page(Role.SCIENTIST)
def browser(request: HttpRequest, workflow: Workflow) -> HttpResponse:
    return _page(request, workflow)


def _page(request: HttpRequest, workflow: Workflow) -> HttpResponse:
    asked, champion = browser_state(workflow, request.GET), champion_of(workflow.survey, role_of(workflow))
    matching = browse(workflow, summed(workflow), asked.wanted)
    page = page_of(_sortable(matching, workflow, asked), by=asked.column, cursor=asked.cursor, size=PER_PAGE)
    context = {
        "champion": champion,
        "columns": columns_of(asked, has_model=champion is not None),
        "rows": _table_rows(summed(workflow), workflow, page, person(request)),
        "is_empty": not page.keys and not summed(workflow).exists(),
        "figures": [{"of": name} for name in HISTOGRAMS],
        **neighbours(asked.query, page),
        "level": round(100 * LEVEL),
        **_links(asked),
        **beside(workflow, "browser"),
    }
    return render(request, "review/consensus_browser.html", context, status=400 if asked.form.errors else 200)


@require_safe
@workflow_page(Role.SCIENTIST)
def histograms(request: HttpRequest, workflow: Workflow) -> HttpResponse:
    """Show the histograms and the number of subjects; the browser's page loads them from here, after its rows."""
    asked = browser_state(workflow, request.GET)
    spread = _spread(workflow, asked)
    context = {
        "total": spread.total,
        "figures": _figures(spread, asked),
        "plots": _plots(spread, asked, reverse("consensus-browser", args=[workflow.survey.slug, workflow.slug])),
        **_links(asked),
        **beside(workflow, "browser"),
    }
    return render(request, "review/histograms_page.html", context)


def _links(asked: BrowserState) -> dict[str, Any]:
    return {
        "asked": asked,
        "csv": query_with(asked.query),
        "to_log": query_with(asked.query, scale="log"),
        "to_linear": query_with(asked.query, scale=None),
    }


def _spread(workflow: Workflow, asked: BrowserState) -> Histograms:
    return recent_histograms(workflow, browse(workflow, summed(workflow), asked.wanted), asked.wanted)


@require_safe
@workflow_page(Role.SCIENTIST)
def browser_csv(request: HttpRequest, workflow: Workflow) -> HttpResponseBase:
    """Return all filtered rows as CSV, in key order."""
    asked = _accepted(workflow, request)
    matching = browse(workflow, summed(workflow), asked.wanted).filter(asked.wanted.ranges())
    rows = consensus_rows(with_model(with_rulings(matching, workflow), workflow).order_by("pk"), request.user)
    return csv_response(f"consensus-{workflow.slug}.csv", CSV_COLUMNS, rows)


@require_safe
@workflow_page(Role.SCIENTIST)
def histogram_csv(request: HttpRequest, workflow: Workflow, of: str) -> HttpResponseBase:
    """Return the bins of one histogram."""
    bins: list[Bin] = getattr(_spread(workflow, _accepted(workflow, request)), of)
    table = ((each.low, each.high, each.n) for each in bins)
    return csv_response(f"{of}-{workflow.slug}.csv", (f"{of}_from", f"{of}_below", "subjects"), table)


def _accepted(workflow: Workflow, request: HttpRequest) -> BrowserState:
    """Return what a file is asked for; raises BadRequest if a filter is not accepted."""
    asked = browser_state(workflow, request.GET)
    refuse_errors(asked.form)
    return asked


def _sortable(matching: QuerySet[Consensus], workflow: Workflow, asked: BrowserState) -> QuerySet[Consensus]:
    """Return the rows in the ranges; sorted by name, only those that an index finds in this order."""
    rows = matching.filter(asked.wanted.ranges())
    # Names are unique within a survey, and indexed.
    return rows.filter(subject__survey=workflow.survey_id) if asked.column.endswith("external_id") else rows


def _table_rows(rows: QuerySet[Consensus], workflow: Workflow, page: Page, reader: Any) -> list[dict[str, Any]]:
    """Return a page's rows in order, with everything shown."""
    by_key = {row.pk: row for row in with_model(with_rulings(rows, workflow), workflow).filter(pk__in=page.keys)}
    known = [by_key[pk] for pk in page.keys if pk in by_key]
    hide_verdicts(known, reader)
    return [{"row": row, "agreement": _agreement(row) if row.votes else None} for row in known]


def _agreement(row: Consensus) -> Proportion:
    return proportion_of(max(row.votes_by_answer.values()), row.votes)


def _figures(spread: Histograms, asked: BrowserState) -> list[dict[str, Any]]:
    return [
        {"of": name, "bins": [{"bin": each, "query": _range(asked, ends, each)} for each in bins]}
        for (name, ends), bins in _both(spread)
    ]


def _plots(spread: Histograms, asked: BrowserState, browser: str) -> dict[str, Any]:
    """Return the histograms' data, with the query of each bar for the browser's page."""
    plots = {
        name: {
            "low": [each.low for each in bins],
            "high": [each.high for each in bins],
            "n": [each.n for each in bins],
            "is_wanted": [each.is_wanted for each in bins],
            "query": [_range(asked, ends, each) for each in bins],
        }
        for (name, ends), bins in _both(spread)
    }
    return {"is_log": asked.is_log, "browser": browser, "plots": plots}


def _both(spread: Histograms) -> list[tuple[tuple[str, str], list[Bin]]]:
    return [(each, getattr(spread, each[0])) for each in HISTOGRAMS.items()]


def _range(asked: BrowserState, ends: str, chosen: Bin) -> str:
    return query_with(asked.query, **{f"{ends}_min": chosen.low, f"{ends}_max": chosen.high})
