"""Throughput page and forecast of a workflow."""

import math
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from numpy.typing import NDArray

from ml.crowd.forecast import LEAST_DAYS, LEAST_RETIRED, LEAST_VOTES, LEVEL, Estimate, Forecast, forecast
from webapp.archive.models import Role
from webapp.core.csv_writer import csv_response
from webapp.core.request_values import chosen
from webapp.review.throughput import SHOWN, WINDOWS, counts, open_subjects, recent_steps, steps, votes_by_day
from webapp.workflows.models import Workflow
from webapp.workflows.workflow_page import beside, workflow_page

STEPS = [("hour", _("by hour")), ("day", _("by day")), ("week", _("by week"))]
FORMAT = {"hour": "%m-%d %H:00", "day": "%Y-%m-%d", "week": "%Y-%m-%d"}
FARTHEST = 100 * 365
"""Maximum days of a forecast."""


@require_safe
@workflow_page(Role.SCIENTIST)
def throughput(request: HttpRequest, workflow: Workflow) -> HttpResponse:
    step, window = _step(request), _window(request)
    rows = recent_steps(workflow, step)
    days = rows if step == "day" else recent_steps(workflow, "day")
    n_open = open_subjects(workflow)
    context = {
        "step": step,
        "steps": STEPS,
        "window": window,
        "windows": WINDOWS,
        "rows": [{"step": row, "label": f"{row.start:{FORMAT[step]}}"} for row in reversed(rows)],
        "shown": SHOWN[step],
        "is_quiet": not any(row.votes or row.training or row.retired for row in rows),
        "n_open": n_open,
        "plot": _plot(rows, step),
        "limits": {"days": LEAST_DAYS, "votes": LEAST_VOTES, "retired": LEAST_RETIRED},
        "level": round(100 * LEVEL),
        **_forecasts(workflow, n_open, votes_by_day(workflow, days, window)),
        **beside(workflow, "throughput"),
    }
    return render(request, "review/throughput.html", context)


@require_safe
@workflow_page(Role.SCIENTIST)
def throughput_csv(request: HttpRequest, workflow: Workflow) -> HttpResponseBase:
    step = _step(request)
    header = (f"{step}_from_utc", "votes", "training_answers", "volunteers", "retired")
    rows = ((row.start.isoformat(), row.votes, row.training, row.people, row.retired) for row in steps(workflow, step))
    return csv_response(f"throughput-{workflow.slug}-by-{step}.csv", header, rows)


def _step(request: HttpRequest) -> str:
    return chosen(request.GET, "by", SHOWN, usual="day")


def _window(request: HttpRequest) -> int:
    return int(chosen(request.GET, "window", map(str, WINDOWS), usual=str(WINDOWS[-1])))


def _forecasts(workflow: Workflow, n_open: int, days: NDArray[np.int64]) -> dict[str, Any]:
    now, of = timezone.now(), counts(workflow, n_open)
    likely, doubled = (
        forecast(of.retired, of.open, days, taken_away=of.taken_away, crowd=crowd) for crowd in (1.0, 2.0)
    )
    retired = int(of.retired.sum())
    mean = float(of.retired @ range(len(of.retired)) / retired) if retired else None
    dates = [_dates(each, now) for each in (likely, doubled)]
    rows = [(_("with as many volunteers as now"), likely, dates[0]), (_("with twice as many"), doubled, dates[1])]
    return {"forecast": likely, "forecasts": rows, "mean_votes": mean, "retired": retired, "days_known": len(days)}


def _dates(forecast: Forecast, now: datetime) -> dict[str, datetime | None]:
    """Return the completion dates: expected, earliest and latest; None if too far away."""
    days = forecast.days or Estimate(math.inf, math.inf, math.inf)
    ends = {"value": days.value, "low": days.low, "high": days.high}
    return {name: now + timedelta(days=end) if end < FARTHEST else None for name, end in ends.items()}


def _plot(rows: list[Any], step: str) -> dict[str, Any]:
    columns = {name: [getattr(row, name) for row in rows] for name in ("votes", "training", "people", "retired")}
    return {"labels": [f"{row.start:{FORMAT[step]}}" for row in rows], **columns}
