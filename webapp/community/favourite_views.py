"""Recent subjects, favourites, and the heart on a subject."""

import re
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from webapp.archive.blinding import blind_names
from webapp.archive.models import Subject
from webapp.classifications.models import Classification
from webapp.community.favourites import favour, unfavour
from webapp.community.models import Collection, Favourite
from webapp.community.person import came_from, volunteer_who_acts
from webapp.core.request_values import whole_number, whole_numbers
from webapp.volunteers.identity import reader_of
from webapp.volunteers.models import Volunteer

RECENT_PER_PAGE = 24
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")


@require_safe
def recents(request: HttpRequest) -> HttpResponse:
    """Show the latest standing answers, 24 per page, newest first."""
    volunteer = reader_of(request)
    rows = list(_answers(volunteer, request.GET.get("before", ""))[: RECENT_PER_PAGE + 1])
    older = rows[RECENT_PER_PAGE - 1].pk if len(rows) > RECENT_PER_PAGE else ""
    page = {"rows": rows[:RECENT_PER_PAGE], "older": older, **_collections(request, volunteer)}
    return render(request, "community/recents.html", page)


@require_safe
def favourites(request: HttpRequest) -> HttpResponse:
    volunteer = reader_of(request)
    rows = Favourite.objects.filter(volunteer=volunteer).select_related("subject__survey").order_by("-id")
    before = whole_number(request.GET.get("before", ""))
    if before is not None:
        rows = rows.filter(pk__lt=before)
    entries = list(rows[: RECENT_PER_PAGE + 1])
    blind_names([row.subject for row in entries], request.user)
    older = entries[RECENT_PER_PAGE - 1].pk if len(entries) > RECENT_PER_PAGE else ""
    page = {"rows": entries[:RECENT_PER_PAGE], "older": older, **_collections(request, volunteer)}
    return render(request, "community/favourites.html", page)


@require_POST
def heart(request: HttpRequest, subject: int) -> HttpResponse:
    """Add the subject to the favourites or remove it, and return the updated button."""
    volunteer = volunteer_who_acts(request)
    row = get_object_or_404(Subject.objects.select_related("survey"), pk=subject)
    blind_names([row], request.user)
    is_favourite = request.POST.get("favourite") == "yes"
    if is_favourite:
        favour(volunteer, row)
    else:
        unfavour(volunteer, row.pk)
    if request.headers.get("HX-Request"):
        return render(request, "community/heart.html", {"subject": row, "is_favourite": is_favourite})
    return redirect(came_from(request, otherwise="favourites"))


def _answers(volunteer: Volunteer | None, before: str) -> QuerySet[Classification]:
    """Return one's standing answers, newest first, starting after `before` if it is one of them."""
    hearts = Favourite.objects.filter(volunteer=volunteer, subject=OuterRef("subject"))
    answers = Classification.objects.standing().filter(volunteer=volunteer).annotate(is_favourite=Exists(hearts))
    last = answers.filter(pk=before).first() if UUID.match(before) else None
    if last:
        answers = answers.filter(Q(created_at__lt=last.created_at) | Q(created_at=last.created_at, pk__lt=last.pk))
    return answers.select_related("subject__survey", "workflow").order_by("-created_at", "-pk")


def _collections(request: HttpRequest, volunteer: Volunteer | None) -> dict[str, Any]:
    own = Collection.objects.edited_by(volunteer) if request.user.is_authenticated and volunteer else []
    selected = set(whole_numbers(request.GET.getlist("selected")))
    return {"volunteer": volunteer, "collections": own, "selected": selected}
