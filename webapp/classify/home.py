"""The front page: a live example to answer, the projects, and recent discoveries."""

from typing import Any

from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from webapp.archive.models import Kind, Membership, Role, Subject, Survey
from webapp.classifications.models import Classification
from webapp.classifications.presentation import PRESENTATIONS, answer_buttons
from webapp.community.discoveries import latest_discoveries
from webapp.consensus.access_levels import gate_of
from webapp.guides.built_in import lesson_of, picture_of
from webapp.guides.built_in_words import HELP
from webapp.guides.translations import show_translated
from webapp.queue.counts import figures_of
from webapp.volunteers.identity import reader_of, visitor_of
from webapp.workflows.models import Workflow

SAMPLE = {"tracklet": "AST", "dithers": "SSO", "stamp": "AST", "cutout": "yes", "cube": "yes"}
"""The class whose picture stands for a kind of subject until the live one has loaded."""

TRIED = (Kind.TRACKLET, Kind.STAMP)
"""Kinds that can be judged at a glance, first choice first."""


@require_safe
@ensure_csrf_cookie
def home(request: HttpRequest) -> HttpResponse:
    open_workflows = Prefetch("workflows", Workflow.objects.filter(is_active=True), to_attr="open_workflows")
    surveys: list[Any] = sorted(
        Survey.objects.prefetch_related(open_workflows), key=lambda survey: not survey.open_workflows
    )
    show_translated(*surveys, *(workflow for survey in surveys for workflow in survey.open_workflows))
    rows = [_row(request, survey) for survey in surveys]
    context = {
        "rows": rows,
        "is_open": any(survey.open_workflows for survey in surveys),
        "has_answered": _has_answered(request),
        "live": _live(request, [row["survey"] for row in rows]),
        "found": latest_discoveries(),
        "buttons": answer_buttons(),
    }
    return render(request, "classify/home.html", context)


def _row(request: HttpRequest, survey: Survey) -> dict[str, Any]:
    return {
        "survey": survey,
        "figures": figures_of(survey),
        "is_scientist": Membership.objects.allows(request.user, survey, Role.SCIENTIST),
        "is_admin": Membership.objects.allows(request.user, survey, Role.ADMIN),
        "picture": cover_of(survey),
    }


def cover_of(survey: Survey) -> str:
    """Return the address of the survey's first subject that is not gold: sky imagery that gives no answer away."""
    row = Subject.objects.originals().filter(survey=survey, gold_label="").order_by("pk").first()
    return f"{reverse('picture', args=[row.pk, row.checksum])}?frame=0&channel=0&size=240" if row else ""


def _live(request: HttpRequest, surveys: list[Any]) -> dict[str, Any] | None:
    """Return the project to try on this page: one that is open to the reader and quick to judge, no mere practice."""
    open_ones = [each for survey in surveys for each in survey.open_workflows if each.kind in TRIED]
    reader = reader_of(request)
    for workflow in sorted(open_ones, key=lambda each: (each.is_training, TRIED.index(Kind(each.kind)))):
        if gate_of(workflow, reader).is_open:
            return _shown(workflow)
    return None


def _shown(workflow: Workflow) -> dict[str, Any]:
    lesson = lesson_of(workflow.survey, workflow.kind)
    return {
        "workflow": workflow,
        "picture": picture_of(lesson, SAMPLE[lesson]),
        "hint": HELP[lesson][0],
        "config": {
            "workflow": workflow.slug,
            "channels": workflow.survey.channels,
            "counted": {answer: str(each.counted) for answer, each in PRESENTATIONS.items()},
            "urls": {"next": f"/api/workflows/{workflow.slug}/next/", "classifications": "/api/classifications/"},
        },
    }


def _has_answered(request: HttpRequest) -> bool:
    visitor = None if request.user.is_authenticated else visitor_of(request)
    if visitor is None and not request.user.is_authenticated:
        return False
    who = {"volunteer": visitor} if visitor else {"volunteer__user": request.user}
    return Classification.objects.filter(**who).exists()
