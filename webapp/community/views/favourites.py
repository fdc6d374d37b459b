"""Favourites, recent subjects, and the heart on a subject."""

import re
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from webapp.archive.models import Subject
from webapp.classifications.models import Classification
from webapp.community.favourites import favour, unfavour
from webapp.community.models import Collection, Favourite
from webapp.community.person import volunteer_who_acts, volunteer_who_looks
from webapp.volunteers.models import Volunteer

PER_PAGE = 24
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")


@require_safe
def recents(request: HttpRequest) -> HttpResponse:
    """Show the last answers that stand, 24 a page, newest first."""
    volunteer = volunteer_who_looks(request)
    rows = list(_answers(volunteer, request.GET.get("before", ""))[: PER_PAGE + 1])
    older = rows[PER_PAGE - 1].pk if len(rows) > PER_PAGE else ""
    page = {"rows": rows[:PER_PAGE], "older": older, **_collections(request, volunteer)}
    return render(request, "community/recents.html", page)


@require_safe
def favourites(request: HttpRequest) -> HttpResponse:
    volunteer = volunteer_who_looks(request)
    rows = Favourite.objects.filter(volunteer=volunteer).select_related("subject__survey").order_by("-id")
    before = request.GET.get("before", "")
    if before.isascii() and before.isdigit() and len(before) < 19:
        rows = rows.filter(pk__lt=int(before))
    found = list(rows[: PER_PAGE + 1])
    older = found[PER_PAGE - 1].pk if len(found) > PER_PAGE else ""
    page = {"rows": found[:PER_PAGE], "older": older, **_collections(request, volunteer)}
    return render(request, "community/favourites.html", page)


@require_POST
def heart(request: HttpRequest, subject: int) -> HttpResponse:
    """Give or take away the heart of a subject; the button shows what is so now."""
    volunteer = volunteer_who_acts(request)
    row = get_object_or_404(Subject, pk=subject)
    is_favourite = request.POST.get("favourite") == "yes"
    if is_favourite:
        favour(volunteer, row)
    else:
        unfavour(volunteer, row.pk)
    if request.headers.get("HX-Request"):
        return render(request, "community/heart.html", {"subject": row, "is_favourite": is_favourite})
    return redirect(_back(request))


def _answers(volunteer: Volunteer | None, before: str) -> QuerySet[Classification]:
    """Return own standing answers, newest first, from the one after `before` on, if that is one of them."""
    hearts = Favourite.objects.filter(volunteer=volunteer, subject=OuterRef("subject"))
    answers = Classification.objects.standing().filter(volunteer=volunteer).annotate(is_favourite=Exists(hearts))
    last = answers.filter(pk=before).first() if UUID.match(before) else None
    if last:
        answers = answers.filter(Q(created_at__lt=last.created_at) | Q(created_at=last.created_at, pk__lt=last.pk))
    return answers.select_related("subject__survey", "workflow").order_by("-created_at", "-pk")


def _collections(request: HttpRequest, volunteer: Volunteer | None) -> dict[str, Any]:
    own = Collection.objects.filter(owner=volunteer) if request.user.is_authenticated else Collection.objects.none()
    return {"volunteer": volunteer, "collections": own}


def _back(request: HttpRequest) -> str:
    address = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure())
    return address if is_ours and address.startswith("/") else "favourites"
