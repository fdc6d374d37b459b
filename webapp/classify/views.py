"""The classify page, whose subjects come through the API, and the figures of a survey."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from ml.crowd.answer import Answer
from webapp.archive.models import Survey
from webapp.classifications.models import MOST_MARKS, Classification
from webapp.classifications.presentation import PRESENTATIONS, Presentation, answer_buttons
from webapp.consensus.access_levels import gate_of
from webapp.core.fragments import fragment_of
from webapp.guides.field_guide import presented_classes
from webapp.guides.guide_texts import tutorial_of
from webapp.guides.translations import show_translated
from webapp.queue.counts import figures_of
from webapp.volunteers.identity import reader_of, remember, volunteer_of
from webapp.volunteers.models import Volunteer
from webapp.workflows.models import Workflow


@require_safe
@ensure_csrf_cookie
def classify(request: HttpRequest, slug: str) -> HttpResponse:
    workflow = get_object_or_404(Workflow.objects.select_related("survey"), slug=slug)
    show_translated(workflow)
    if not workflow.is_active:
        return _closed(request, workflow)
    config = {
        "workflow": workflow.slug,
        "kind": workflow.kind,
        "me": {"id": request.user.pk, "name": request.user.get_username()},
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
    context = {"workflow": workflow, "config": config, "buttons": answer_buttons(), **_welcome(request, workflow)}
    response = render(request, "classify/classify.html", context)
    if not request.user.is_authenticated:  # before its scripts write side by side, or each makes a visitor of its own
        remember(response, volunteer_of(request))
    return response


def _closed(request: HttpRequest, workflow: Workflow) -> HttpResponse:
    """Thank for the answers to a closed workflow, and say where to go on."""
    going_on = list(Workflow.objects.filter(survey=workflow.survey_id, is_active=True).select_related("survey"))
    show_translated(*going_on)
    return render(request, "classify/closed.html", {"workflow": workflow, "going_on": going_on}, status=404)


def _welcome(request: HttpRequest, workflow: Workflow) -> dict[str, Any]:
    """Return whether the reader has no answer here yet, then where to practise; and where to go on after practice."""
    reader = reader_of(request)
    own = Classification.objects.standing().filter(volunteer=reader, workflow=workflow)
    is_new = reader is None or not own.exists()
    if workflow.is_training:
        return {"is_new": is_new, "after": _counterpart(workflow, reader)}
    return {"is_new": is_new, "practice": _counterpart(workflow, reader) if is_new else None}


def _counterpart(workflow: Workflow, reader: Volunteer | None) -> Workflow | None:
    """Return the open workflow to practise for this one, or the one that this one is practice for."""
    of = {"survey": workflow.survey_id, "kind": workflow.kind, "is_active": True}
    others = Workflow.objects.filter(**of, is_training=not workflow.is_training).order_by("level", "pk")
    return next((each for each in others if gate_of(each, reader).is_open), None)


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
@fragment_of("project")
def figures(request: HttpRequest, slug: str) -> HttpResponse:
    """Return the self-refreshing part of the front and project pages."""
    survey = Survey.objects.filter(slug=slug).first()
    if survey is None:
        return HttpResponse(status=286)  # htmx: stop asking
    return render(request, "classify/figures.html", {"survey": survey, "figures": figures_of(survey)})
