"""The part of a subject's page that explains a model's score: detections by classes, and occlusion maps."""

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from webapp.archive.access import subject_of, survey_page
from webapp.archive.models import Role, Subject, Survey
from webapp.archive.pixels import shape_of
from webapp.core.fragments import fragment_of
from webapp.core.jobs import JobState
from webapp.learning.models import Checkpoint, Explanation, ModelRole, Score

LEAST = 0.05
"""Smallest change that is drawn, as a fraction of the largest of the subject."""
STRONGEST = 0.6
"""Opacity of the largest change."""
CLEAR = 0.01
"""Largest change of the probability that may as well be none."""


@dataclass(frozen=True)
class Cell:
    """A cell of an occlusion map in pixels of the drawing, from the upper left, with its opacity."""

    x: float
    y: float
    opacity: float
    is_for: bool


@dataclass(frozen=True)
class ExplainedFrame:
    """A frame: probabilities by class, P(real) without it, the largest fall and rise, and the cells that matter."""

    number: int
    classes: list[float]
    without: float | None
    fall: float
    rise: float
    cells: list[Cell]


@require_safe
@survey_page(Role.SCIENTIST)
@fragment_of("subject", "pk")
def explanation(request: HttpRequest, survey: Survey, pk: int) -> HttpResponse:
    """Show the explanation by the model in the URL, or by the champion; it refreshes itself until there is one."""
    return _part(request, subject_of(survey, pk), request.GET.get("model", ""))


@require_POST
@survey_page(Role.SCIENTIST)
def explanation_start(request: HttpRequest, survey: Survey, pk: int) -> HttpResponse:
    """Ask a worker for an explanation, again if it failed; one that exists or is on its way is left alone."""
    subject, model = subject_of(survey, pk), request.POST.get("model", "")
    chosen = _chosen(explainable(subject), model)
    if chosen is None:
        raise Http404("No such model has scored this subject.")
    row, is_new = Explanation.objects.get_or_create(checkpoint=chosen, subject=subject)
    if is_new:
        row.enqueue()
    elif row.state == JobState.FAILED:
        row.retry()
    return _part(request, subject, model)


def explainable(subject: Subject) -> list[Checkpoint]:
    """Return the classifiers with files here that have scored the subject, the champion first, then the newest."""
    rows = Checkpoint.objects.filter(scores__subject=subject, role__in=(ModelRole.STAMP, ModelRole.TRACKLET))
    return [each for each in rows.order_by("-is_champion", "-pk") if not each.is_external]


def _external_score(subject: Subject) -> Score | None:
    """Return the champion's score if the champion is an external scorer, which has nothing here to look into."""
    score = subject.scores.filter(checkpoint__is_champion=True).select_related("checkpoint").first()
    return score if score is not None and score.checkpoint.is_external else None


def _chosen(models: list[Checkpoint], model: str) -> Checkpoint | None:
    if not model:
        return models[0] if models else None
    return next((each for each in models if str(each.pk) == model), None)


def _part(request: HttpRequest, subject: Subject, model: str) -> HttpResponse:
    models = explainable(subject)
    chosen = _chosen(models, model)
    row = Explanation.objects.filter(checkpoint=chosen, subject=subject).first() if chosen else None
    context: dict[str, Any] = {"subject": subject, "survey": subject.survey, "models": models, "chosen": chosen}
    context |= {"row": row, "is_scored": subject.scores.exists(), "external": _external_score(subject)}
    if row and row.state == JobState.DONE:
        _frames, _channels, height, width = shape_of(subject)
        frames = explained_frames(row, width, height)
        context |= {
            "frames": frames,
            "width": width,
            "height": height,
            "names": chosen and chosen.manifest.get("classes", []),
        }
        side = len(row.occlusion[0])
        context |= {"cell_width": width / side, "cell_height": height / side}
        context["matters"] = max(max(each.fall, each.rise) for each in frames) >= CLEAR
    return render(request, "learning/explanation.html", context)


def explained_frames(row: Explanation, width: int, height: int) -> list[ExplainedFrame]:
    """Return the frames of a finished explanation; the first row of pixels is drawn lowest."""
    largest = max(CLEAR, *(abs(value) for frame in row.occlusion for line in frame for value in line))
    return [
        ExplainedFrame(
            number=number,
            classes=classes,
            without=without,
            fall=max(0.0, *(max(line) for line in frame)),
            rise=max(0.0, *(-min(line) for line in frame)),
            cells=_cells(frame, width, height, largest),
        )
        for number, (classes, without, frame) in enumerate(
            zip(row.detections, row.without, row.occlusion, strict=True), 1
        )
    ]


def _cells(frame: list[list[float]], width: int, height: int, largest: float) -> list[Cell]:
    across, down = width / len(frame[0]), height / len(frame)
    return [
        Cell(
            x=round(x * across, 2),
            y=round(height - (y + 1) * down, 2),
            opacity=round(STRONGEST * abs(value) / largest, 3),
            is_for=value > 0,
        )
        for y, line in enumerate(frame)
        for x, value in enumerate(line)
        if abs(value) >= LEAST * largest
    ]
