"""The private skill page and its CSVs. Their URLs name nobody: all users get their own."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from ml.crowd.answer import ABSTENTIONS
from webapp.consensus.evidence import Proportion
from webapp.consensus.skills import WINDOW, Point, answered_by, most_confused, over_time, sensitivity_of, specificity_of
from webapp.core.csv_writer import csv_response
from webapp.guides.built_in import lesson_of, name_of_class
from webapp.volunteers.identity import reader_of
from webapp.volunteers.models import Volunteer
from webapp.workflows.models import Workflow

CSV_COLUMNS = (
    "answered", "until", "sensitivity", "sensitivity_low", "sensitivity_high", "specificity", "specificity_low",
    "specificity_high",
)  # fmt: skip


@require_safe
@cache_control(private=True, no_store=True)
def skill(request: HttpRequest) -> HttpResponse:
    reader = reader_of(request)
    records = [record for each in _workflows(reader) if (record := _record(reader, each))] if reader else []
    curves = {record["workflow"].slug: record["curve"] for record in records}
    return render(request, "consensus/skill.html", {"records": records, "curves": curves, "window": WINDOW})


@require_safe
@cache_control(private=True, no_store=True)
def skill_csv(request: HttpRequest, workflow: str) -> HttpResponseBase:
    """Return the points of one's own curves."""
    reader = reader_of(request)
    answers = answered_by(reader, get_object_or_404(Workflow, slug=workflow)) if reader else []
    rows = [
        (each.n, each.at.isoformat(), *_with_interval(each.sensitivity), *_with_interval(each.specificity))
        for each in over_time(answers)
    ]
    return csv_response(f"skill-{workflow}.csv", CSV_COLUMNS, rows)


def _with_interval(proportion: Proportion) -> tuple[float | None, ...]:
    return (proportion.value, proportion.low, proportion.high) if proportion.n else (None, None, None)


def _workflows(reader: Volunteer | None) -> list[Workflow]:
    """Return the workflows that the volunteer has answered, by name."""
    mine = Workflow.objects.filter(skills__volunteer=reader).distinct()
    return list(mine.select_related("survey").order_by("survey__name", "name"))


def _record(reader: Volunteer, workflow: Workflow) -> dict[str, Any] | None:
    answers = answered_by(reader, workflow)
    if not answers:
        return None
    points = over_time(answers)
    lesson = lesson_of(workflow.survey, workflow.kind)
    return {
        "workflow": workflow,
        "n": len(answers),
        "undecided": sum(each.answer in ABSTENTIONS for each in answers),
        "sensitivity": sensitivity_of(answers),
        "specificity": specificity_of(answers),
        "points": points,
        "curve": _curve(points),
        "following": Workflow.objects.filter(survey=workflow.survey, level=workflow.level + 1, is_active=True),
        "confused": [(name_of_class(lesson, each.label), each) for each in most_confused(answers)],
    }


def _curve(points: list[Point]) -> dict[str, list[float | None]]:
    """Return the data of the curves; None without answers."""
    columns: dict[str, list[float | None]] = {"n": [point.n for point in points]}
    for name in ("sensitivity", "specificity"):
        proportions: list[Proportion] = [getattr(point, name) for point in points]
        columns[name] = [proportion.value for proportion in proportions]
        columns[f"{name}_low"] = [proportion.low if proportion.n else None for proportion in proportions]
        columns[f"{name}_high"] = [proportion.high if proportion.n else None for proportion in proportions]
    return columns
