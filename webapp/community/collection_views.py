"""Collections, favourites, recent subjects, and the heart on a subject."""

import re
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from webapp.archive.blinding import blind_names
from webapp.archive.models import Subject
from webapp.classifications.models import Classification
from webapp.community.favourites import change_collection, collect, favour, open_collection, unfavour
from webapp.community.models import Collection, Favourite
from webapp.community.person import account_page, name_of, volunteer_who_acts
from webapp.volunteers.identity import account_volunteer, reader_of
from webapp.volunteers.models import Volunteer

PER_PAGE = 96


class CollectionForm(forms.ModelForm):
    class Meta:
        model = Collection
        fields = ("name", "description", "is_public")
        labels = {
            "name": gettext_lazy("Name"),
            "description": gettext_lazy("Description"),
            "is_public": gettext_lazy("Anyone with the link can view"),
        }
        widgets = {"description": forms.Textarea({"rows": 3})}


@require_http_methods(["GET", "HEAD", "POST"])
@account_page
def collections(request: HttpRequest, user: User) -> HttpResponseBase:
    """List one's collections, and create one."""
    owner = account_volunteer(user)
    form = CollectionForm(request.POST or None, instance=Collection(owner=owner))
    if request.method == "POST" and form.is_valid():
        try:
            return redirect(collection, open_collection(owner=owner, **form.cleaned_data).pk)
        except ValidationError as error:
            form.add_error(None, error)
    rows = Collection.objects.filter(owner=owner).annotate(size=Count("items"))
    return render(
        request, "community/collections.html", {"form": form, "rows": rows}, status=400 if form.errors else 200
    )


@require_safe
def collection(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a collection. A private one is visible to its owner only."""
    row = _visible(request, pk)
    is_own = _is_own(request, row)
    items = row.items.select_related("subject__survey")
    before = request.GET.get("before", "")
    if before.isascii() and before.isdigit() and len(before) < 19:
        items = items.filter(pk__lt=int(before))
    entries = list(items[: PER_PAGE + 1])
    blind_names([item.subject for item in entries], request.user)
    page = {
        "collection": row,
        "size": row.items.count(),
        "items": entries[:PER_PAGE],
        "older": entries[PER_PAGE - 1].pk if len(entries) > PER_PAGE else "",
        "is_own": is_own,
        "owner": name_of(row.owner),
        "form": CollectionForm(instance=row) if is_own else None,
    }
    return render(request, "community/collection.html", page)


@require_POST
@account_page
def collection_change(request: HttpRequest, user: User, pk: int) -> HttpResponseBase:
    row = _own(request, pk)
    form = CollectionForm(request.POST, instance=row)
    if form.is_valid():
        try:
            change_collection(row, **form.cleaned_data)
            messages.success(request, _("Collection saved."))
        except ValidationError as error:
            form.add_error(None, error)
    if form.errors:
        messages.error(request, " ".join(str(message) for errors in form.errors.values() for message in errors))
    return redirect(collection, pk)


@require_POST
@account_page
def collection_delete(request: HttpRequest, user: User, pk: int) -> HttpResponseBase:
    row = _own(request, pk)
    row.delete()
    messages.success(request, _("“%(name)s” is deleted; its subjects stay where they are.") % {"name": row.name})
    return redirect(collections)


@require_POST
@account_page
def collection_remove(request: HttpRequest, user: User, pk: int, subject: int) -> HttpResponseBase:
    """Remove one subject."""
    _own(request, pk).items.filter(subject=subject).delete()
    return redirect(collection, pk)


@require_POST
@account_page
def collection_add(request: HttpRequest, user: User) -> HttpResponseBase:
    """Add subjects to a collection, existing or new."""
    subjects = [int(each) for each in request.POST.getlist("subject") if each.isascii() and each.isdigit()]
    if not subjects:
        messages.error(request, _("Nothing added: select a subject first."))
        return redirect("recents")
    try:
        row = _chosen(request, user)
        size = collect(row, subjects)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect(collections)
    message = ngettext("“%(name)s” holds %(size)d subject now.", "“%(name)s” holds %(size)d subjects now.", size)
    messages.success(request, message % {"name": row.name, "size": size})
    return redirect(collection, row.pk)


def _chosen(request: HttpRequest, user: User) -> Collection:
    """Return the collection selected in the form, creating it for a new name."""
    choice = request.POST.get("collection", "")
    if choice.isascii() and choice.isdigit() and len(choice) < 19:
        return _own(request, int(choice))
    return open_collection(owner=account_volunteer(user), name=request.POST.get("name", ""))


def _visible(request: HttpRequest, pk: int) -> Collection:
    rows = Collection.objects.visible_to(reader_of(request)).select_related("owner__user__profile")
    return get_object_or_404(rows, pk=pk)


def _own(request: HttpRequest, pk: int) -> Collection:
    """Return one's own collection; another's is forbidden if public, and not found if private."""
    row = _visible(request, pk)
    if not _is_own(request, row):
        raise PermissionDenied(_("This isn't your collection. Nothing was changed."))
    return row


def _is_own(request: HttpRequest, row: Collection) -> bool:
    volunteer = reader_of(request)
    return volunteer is not None and row.owner_id == volunteer.pk


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
    before = request.GET.get("before", "")
    if before.isascii() and before.isdigit() and len(before) < 19:
        rows = rows.filter(pk__lt=int(before))
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
    return redirect(_back(request))


def _answers(volunteer: Volunteer | None, before: str) -> QuerySet[Classification]:
    """Return one's standing answers, newest first, starting after `before` if it is one of them."""
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
