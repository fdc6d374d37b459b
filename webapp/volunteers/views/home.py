"""The front page: the surveys, how far they are, and the questions that are open."""

from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from webapp.archive.models import Survey
from webapp.archive.models.survey import Membership, Role
from webapp.volunteers.figures import figures_of
from webapp.volunteers.identity import visitor_of
from webapp.volunteers.models import Classification, Workflow


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    open_workflows = Prefetch("workflows", Workflow.objects.filter(is_active=True), to_attr="open_workflows")
    surveys = Survey.objects.prefetch_related(open_workflows)
    rows = [
        {
            "survey": survey,
            "figures": figures_of(survey),
            "is_admin": Membership.objects.allows(request.user, survey, Role.ADMIN),
        }
        for survey in surveys
    ]
    return render(request, "volunteers/home.html", {"rows": rows, "has_answered": _has_answered(request)})


def _has_answered(request: HttpRequest) -> bool:
    visitor = None if request.user.is_authenticated else visitor_of(request)
    if visitor is None and not request.user.is_authenticated:
        return False
    who = {"volunteer": visitor} if visitor else {"volunteer__user": request.user}
    return Classification.objects.filter(**who).exists()


@require_safe
def figures(request: HttpRequest, slug: str) -> HttpResponse:
    """Return the part of the front page that renews itself."""
    survey = Survey.objects.filter(slug=slug).first()
    if survey is None:
        return HttpResponse(status=286)  # htmx: stop asking
    return render(request, "volunteers/figures.html", {"survey": survey, "figures": figures_of(survey)})
