"""What pages of one workflow have in common: load it, authorise, and the tabs' context."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404

from webapp.archive.access import survey_page
from webapp.archive.models import Survey
from webapp.workflows.models import Workflow

View = Callable[..., HttpResponseBase]


def workflow_page(role: str) -> Callable[[View], View]:
    """Give the view the workflow of its address; only people with the role in its survey get there."""

    def decorate(view: View) -> View:
        @wraps(view)
        @survey_page(role)
        def guarded(request: HttpRequest, survey: Survey, workflow: str, *args: Any, **kwargs: Any) -> HttpResponseBase:
            row = get_object_or_404(Workflow.objects.select_related("survey"), survey=survey, slug=workflow)
            return view(request, row, *args, **kwargs)

        return guarded

    return decorate


def beside(workflow: Workflow, here: str) -> dict[str, Any]:
    """Return the context of a workflow page's tabs: the survey's other workflows, and the current page."""
    others = Workflow.objects.filter(survey=workflow.survey_id).order_by("name")
    return {"survey": workflow.survey, "workflow": workflow, "workflows": list(others), "page_here": here}
