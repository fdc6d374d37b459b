"""The front page with a live example to answer, the classify page, whose subjects come through the API, and figures."""

from typing import Any

from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from ml.crowd.answer import Answer
from webapp.archive.models import Kind, Membership, Role, Subject, Survey
from webapp.classifications.models import MOST_MARKS, Classification
from webapp.classifications.presentation import PRESENTATIONS, Presentation, answer_buttons
from webapp.community.discoveries import latest_discoveries
from webapp.consensus.access_levels import gate_of
from webapp.guides.built_in import lesson_of, picture_of
from webapp.guides.built_in_words import HELP
from webapp.guides.field_guide import presented_classes
from webapp.guides.guide_texts import tutorial_of
from webapp.queue.counts import figures_of
from webapp.volunteers.identity import reader_of
from webapp.workflows.models import Workflow

SAMPLE = {"tracklet": "AST", "dithers": "SSO", "stamp": "AST", "cutout": "yes", "cube": "yes"}
"""The class whose picture stands for a kind of subject until the live one has loaded."""

TRIED = (Kind.TRACKLET, Kind.STAMP)
"""Kinds that can be judged at a glance, first choice first."""


@require_safe
@ensure_csrf_cookie
def home(request: HttpRequest) -> HttpResponse:
    open_workflows = Prefetch("workflows", Workflow.objects.filter(is_active=True), to_attr="open_workflows")
    rows = [_row(request, survey) for survey in Survey.objects.prefetch_related(open_workflows)]
    context = {
        "rows": rows,
        "has_answered": _has_answered(request),
        "live": _live(request, [row["survey"] for row in rows]),
        "found": latest_discoveries(),
        "buttons": answer_buttons(),
    }
    return render(request, "classify/home.html", context)


def _row(request: HttpRequest, survey: Survey) -> dict[str, Any]:
    figures = figures_of(survey)
    return {
        "survey": survey,
        "figures": figures,
        "percent": 100 * figures["settled"] // figures["asked"] if figures["asked"] else 0,
        "is_admin": Membership.objects.allows(request.user, survey, Role.ADMIN),
        "picture": _picture(survey),
    }


def _picture(survey: Survey) -> str:
    """Return the address of the survey's first subject that is not gold: sky imagery that gives no answer away."""
    row = Subject.objects.originals().filter(survey=survey, gold_label="").order_by("pk").first()
    return f"{reverse('picture', args=[row.pk, row.checksum])}?frame=0&channel=0&size=240" if row else ""


def _live(request: HttpRequest, surveys: list[Any]) -> dict[str, Any] | None:
    """Return the project to try on this page: one that is open to the reader and quick to judge."""
    open_ones = [each for survey in surveys for each in survey.open_workflows if each.kind in TRIED]
    reader = reader_of(request)
    for workflow in sorted(open_ones, key=lambda each: TRIED.index(Kind(each.kind))):
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
    reader = reader_of(request)
    return reader is not None and Classification.objects.filter(volunteer=reader).exists()


@require_safe
@ensure_csrf_cookie
def classify(request: HttpRequest, slug: str) -> HttpResponse:
    workflow = get_object_or_404(Workflow.objects.select_related("survey"), slug=slug, is_active=True)
    config = {
        "workflow": workflow.slug,
        "who": request.user.pk,
        "undo_seconds": workflow.undo_seconds,
        "followUps": {answer: workflow.offered(answer) for answer in Answer},
        "asksFirst": workflow.follow_up_first,
        "classes": presented_classes(workflow),
        "answers": {answer: _words(presentation) for answer, presentation in PRESENTATIONS.items()},
        "channels": workflow.survey.channels,
        "reader": _reader(request, workflow),
        "lines": MOST_MARKS if workflow.line_marking else 0,
        "urls": {"next": f"/api/workflows/{workflow.slug}/next/", "classifications": "/api/classifications/"},
    }
    context = {"workflow": workflow, "config": config, "buttons": answer_buttons()}
    return render(request, "classify/classify.html", context)


def _words(presentation: Presentation) -> dict[str, Any]:
    """Return what the page's scripts say of an answer, and by which keys and which swipe it is given."""
    words = {name: str(getattr(presentation, name)) for name in ("hint", "said", "announced", "counted")}
    return {**words, "keys": presentation.keys, "swipe": presentation.swipe}


def _reader(request: HttpRequest, workflow: Workflow) -> dict[str, object]:
    """Return the URLs of the guides for the page, and whether the tutorial opens automatically."""
    tutorial = tutorial_of(workflow, reader_of(request))
    return {
        "tutorial": reverse("tutorial", args=[workflow.slug]),
        "guide": reverse("field-guide", args=[workflow.slug]),
        "help": reverse("help", args=[workflow.slug]),
        "styles": static("guides/guide.css"),
        "tutorialIsDue": not tutorial.is_finished,
    }


@require_safe
def figures(request: HttpRequest, slug: str) -> HttpResponse:
    """Return the self-refreshing part of the front page."""
    survey = Survey.objects.filter(slug=slug).first()
    if survey is None:
        return HttpResponse(status=286)  # htmx: stop asking
    return render(request, "classify/figures.html", {"survey": survey, "figures": figures_of(survey)})
