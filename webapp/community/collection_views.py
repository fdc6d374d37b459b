"""Pages of collections: one's own, and one with its subjects, editors and settings."""

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.contrib.humanize.templatetags.humanize import intcomma
from django.core.exceptions import ValidationError
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from webapp.archive.blinding import blind_names
from webapp.archive.models import Membership, Role, Survey
from webapp.community.collections import (
    add_editor,
    change_collection,
    check_editor,
    check_owner,
    collect,
    items_for,
    make_set_of,
    may_edit,
    move,
    open_collection,
)
from webapp.community.models import Collection
from webapp.community.person import account_page, came_from, name_in_talk, name_of
from webapp.core.request_values import whole_number, whole_numbers
from webapp.volunteers.identity import account_volunteer, reader_of

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
    rows = Collection.objects.edited_by(owner).annotate(size=Count("items", distinct=True)).select_related("owner")
    page = {"form": form, "rows": rows, "owner": owner}
    return render(request, "community/collections.html", page, status=400 if form.errors else 200)


@require_safe
def collection(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a collection. A private one is visible to its owner and its editors only."""
    row = _visible(request, pk)
    reader = reader_of(request)
    is_own = reader is not None and row.owner_id == reader.pk
    visible = items_for(row, request.user, reader)
    items = visible.select_related("subject__survey")
    before = whole_number(request.GET.get("before", ""))
    if before is not None:
        items = items.filter(position__lt=before)
    entries = list(items[: PER_PAGE + 1])
    blind_names([item.subject for item in entries], request.user)
    page = {
        "collection": row,
        "size": visible.count(),
        "hides_some": visible.count() < row.items.count(),
        "items": entries[:PER_PAGE],
        "older": entries[PER_PAGE - 1].position if len(entries) > PER_PAGE else "",
        "is_own": is_own,
        "may_edit": may_edit(row, reader),
        "editors": _editors(row) if is_own else [],
        "surveys": _surveys(request, row),
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
    _editable(request, pk).items.filter(subject=subject).delete()
    return redirect(collection, pk)


@require_POST
@account_page
def collection_move(request: HttpRequest, user: User, pk: int, subject: int) -> HttpResponseBase:
    move(_editable(request, pk), subject=subject, is_forward=request.POST.get("way") == "forward")
    return redirect(collection, pk)


@require_POST
@account_page
def collection_editors(request: HttpRequest, user: User, pk: int) -> HttpResponseBase:
    """Add an editor or remove one as the owner; or stop editing oneself."""
    row = _editable(request, pk)
    if request.POST.get("act") == "stop":
        row.editors.remove(account_volunteer(user))
        return redirect(collections)
    row = _own(request, pk)
    try:
        if "remove" in request.POST:
            row.editors.remove(*row.editors.filter(pk=whole_number(request.POST["remove"]) or 0))
        else:
            add_editor(row, username=request.POST.get("username", ""))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect(collection, pk)


@require_POST
@account_page
def collection_set(request: HttpRequest, user: User, pk: int) -> HttpResponseBase:
    """Make a subject set of a survey from a collection, as one of its scientists."""
    row = _visible(request, pk)
    survey = get_object_or_404(Survey, slug=request.POST.get("survey", ""))
    try:
        made, size = make_set_of(row, user=user, survey=survey)
        _say_size(request, made.name, size)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect(collection, pk)


@require_POST
@account_page
def collection_add(request: HttpRequest, user: User) -> HttpResponseBase:
    """Add subjects to a collection, existing or new."""
    subjects = whole_numbers(request.POST.getlist("subject"))
    if not subjects:
        messages.error(request, _("Nothing added: select a subject first."))
        return redirect(came_from(request, otherwise="recents"))
    try:
        row = _chosen(request, user)
        size = collect(row, subjects)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect(_with_selection(came_from(request, otherwise=reverse("recents")), subjects))
    _say_size(request, row.name, size)
    return redirect(collection, row.pk)


def _say_size(request: HttpRequest, name: str, size: int) -> None:
    message = ngettext("“%(name)s” holds %(size)s subject now.", "“%(name)s” holds %(size)s subjects now.", size)
    messages.success(request, message % {"name": name, "size": intcomma(size)})


def _with_selection(address: str, subjects: list[int]) -> str:
    return f"{address}{'&' if '?' in address else '?'}{urlencode({'selected': subjects}, doseq=True)}"


def _chosen(request: HttpRequest, user: User) -> Collection:
    """Return the collection selected in the form, creating it for a new name."""
    existing = whole_number(request.POST.get("collection", ""))
    if existing is not None:
        return _editable(request, existing)
    return open_collection(owner=account_volunteer(user), name=request.POST.get("name", ""))


def _visible(request: HttpRequest, pk: int) -> Collection:
    rows = Collection.objects.visible_to(reader_of(request)).select_related("owner__user__profile")
    return get_object_or_404(rows, pk=pk)


def _editable(request: HttpRequest, pk: int) -> Collection:
    """Return a collection that one may edit; another is forbidden if public, and not found if private."""
    row = _visible(request, pk)
    check_editor(row, reader_of(request))
    return row


def _editors(row: Collection) -> list[tuple[str, int]]:
    return [(name_in_talk(each), each.pk) for each in row.editors.select_related("user__profile")]


def _surveys(request: HttpRequest, row: Collection) -> list[Survey]:
    """Return the surveys of the collection's subjects of which the reader is a scientist."""
    if not request.user.is_authenticated:
        return []
    found = Survey.objects.filter(subjects__collection_items__collection=row).distinct()
    return [each for each in found if Membership.objects.allows(request.user, each, Role.SCIENTIST)]


def _own(request: HttpRequest, pk: int) -> Collection:
    """Return one's own collection; another's is forbidden if public, and not found if private."""
    row = _visible(request, pk)
    check_owner(row, reader_of(request))
    return row
