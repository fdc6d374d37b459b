"""A survey's own page: its story, what was found, the team, questions and answers, and where to start."""

from typing import Any

from django.db.models import Exists, Max, OuterRef
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from webapp.archive.access import survey_page
from webapp.archive.blinding import blind_names
from webapp.archive.models import Membership, Role, Subject, Survey
from webapp.archive.verdict_blinding import hides_verdict
from webapp.classify.home import cover_of
from webapp.community.discoveries import latest_discoveries
from webapp.community.models import Credit, Discovery
from webapp.core.markdown import has_foreign_pictures
from webapp.guides.models import ProjectPageVersion
from webapp.guides.project_page import live_version, newest_version, texts_of
from webapp.guides.translations import show_translated
from webapp.queue.counts import figures_of
from webapp.queue.entries import waiting_for
from webapp.volunteers.identity import reader_of
from webapp.workflows.models import Workflow

PICTURES = 12
MOST_NAMES = 30


@require_safe
def project(request: HttpRequest, slug: str) -> HttpResponse:
    return render(request, "classify/project.html", _shown(request, get_object_or_404(Survey, slug=slug)))


@require_safe
@survey_page(Role.SCIENTIST)
def project_version(request: HttpRequest, survey: Survey, number: int) -> HttpResponse:
    """Show a version of the page as visitors would see it."""
    version = get_object_or_404(ProjectPageVersion.objects.select_related("created_by"), survey=survey, number=number)
    page = _shown(request, survey)
    for name, text in texts_of(version).items():
        setattr(survey, name, text)
    of_version = {
        "version": version,
        "newest": newest_version(survey),
        "live": live_version(survey),
        "has_foreign_pictures": any(map(has_foreign_pictures, texts_of(version).values())),
    }
    return render(request, "classify/project.html", {**page, **of_version})


def _shown(request: HttpRequest, survey: Survey) -> dict[str, Any]:
    workflows = list(Workflow.objects.filter(survey=survey, is_active=True).select_related("survey"))
    show_translated(survey, *workflows)
    return {
        "survey": survey,
        "cover": cover_of(survey),
        "workflows": workflows,
        "figures": figures_of(survey),
        "found": latest_discoveries(survey),
        "pictures": _pictures(request, survey),
        "team": _team(survey),
        "is_scientist": Membership.objects.allows(request.user, survey, Role.SCIENTIST),
    }


def _pictures(request: HttpRequest, survey: Survey) -> list[Subject]:
    """Return the latest confirmed subjects, except those that the reader may still be asked about."""
    rows = Subject.objects.filter(survey=survey).select_related("survey")
    if not Membership.objects.allows(request.user, survey, Role.SCIENTIST):
        rows = rows.exclude(Exists(waiting_for(reader_of(request))))
    confirmed = rows.filter(Exists(Discovery.objects.filter(subject=OuterRef("pk"))))
    confirmed = confirmed.exclude(hides_verdict(request.user, "pk"))
    shown: list[Subject] = list(confirmed.annotate(at=Max("discoveries__confirmed_at")).order_by("-at")[:PICTURES])
    blind_names(shown, request.user)
    return shown


def _team(survey: Survey) -> list[dict[str, Any]]:
    """Return the moderators, scientists and admins who chose to be named, with their roles."""
    rows = Membership.objects.filter(survey=survey, role__in=Role.at_least(Role.MODERATOR), user__is_active=True)
    rows = rows.exclude(user__profile=None).exclude(user__profile__credit=Credit.ANONYMOUS)
    rows = rows.select_related("user__profile").order_by("user__username")[:MOST_NAMES]
    return [{"name": row.user.profile.named(), "role": row.get_role_display()} for row in rows]
