"""The scientists' home: tonight, what waits for a verdict, failures, and what changed."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from webapp.archive.access import person, survey_page
from webapp.archive.models import Role, Survey
from webapp.core.bounded_count import MOST_COUNTED
from webapp.learning.models import Checkpoint
from webapp.review.overview import (
    came_in,
    changed,
    first_of_kinds,
    newest_images,
    promotions,
    stale_scores,
    tonight,
    waiting,
)
from webapp.review.visits import note_visit
from webapp.workflows.models import Workflow


@require_safe
@survey_page(Role.SCIENTIST)
def overview(request: HttpRequest, survey: Survey) -> HttpResponse:
    reader = person(request)
    workflows = list(Workflow.objects.filter(survey=survey).select_related("survey").order_by("name"))
    first = first_of_kinds(workflows)
    night = tonight(survey)
    context = {
        "survey": survey,
        "night": night,
        "tonight": came_in(survey, night.since),
        "workflows": [
            {"workflow": each, "waiting": waiting(each, reader, is_first=each in first), **changed(each, night.since)}
            for each in workflows
        ],
        "newest_images": newest_images(workflows),
        "has_champion": Checkpoint.objects.filter(survey=survey, is_champion=True).exists(),
        "promotions": promotions(survey),
        "stale": stale_scores(survey),
        "changes": note_visit(survey, reader),
        "most": MOST_COUNTED,
    }
    return render(request, "review/overview.html", context)
