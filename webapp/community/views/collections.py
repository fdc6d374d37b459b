"""Collections: one's own list, a collection's page, and what its owner may do with it."""

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from webapp.community.favourites import change_collection, collect, open_collection
from webapp.community.forms import CollectionForm
from webapp.community.models import Collection
from webapp.community.person import account_page, name_of, volunteer_who_looks
from webapp.volunteers.identity import account_volunteer

PER_PAGE = 96


@require_http_methods(["GET", "HEAD", "POST"])
@account_page
def collections(request: HttpRequest, user: User) -> HttpResponseBase:
    """List one's own; make another."""
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
    """Show a collection. A private one exists for its owner alone."""
    row = _visible(request, pk)
    is_own = _is_own(request, row)
    items = row.items.select_related("subject__survey")
    before = request.GET.get("before", "")
    if before.isascii() and before.isdigit() and len(before) < 19:
        items = items.filter(pk__lt=int(before))
    found = list(items[: PER_PAGE + 1])
    page = {
        "collection": row,
        "size": row.items.count(),
        "items": found[:PER_PAGE],
        "older": found[PER_PAGE - 1].pk if len(found) > PER_PAGE else "",
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
            messages.success(request, _("The collection is saved."))
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
    """Take one subject out."""
    _own(request, pk).items.filter(subject=subject).delete()
    return redirect(collection, pk)


@require_POST
@account_page
def collection_add(request: HttpRequest, user: User) -> HttpResponseBase:
    """Put subjects into one of one's collections, or into a new one."""
    subjects = [int(each) for each in request.POST.getlist("subject") if each.isascii() and each.isdigit()]
    if not subjects:
        messages.error(request, _("No subject was chosen, so nothing was added."))
        return redirect("recents")
    try:
        row = _chosen(request, user)
        size = collect(row, subjects)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect(collections)
    said = ngettext("“%(name)s” holds %(size)d subject now.", "“%(name)s” holds %(size)d subjects now.", size)
    messages.success(request, said % {"name": row.name, "size": size})
    return redirect(collection, row.pk)


def _chosen(request: HttpRequest, user: User) -> Collection:
    """Return the collection that the form names; a new one where it names a new name."""
    choice = request.POST.get("collection", "")
    if choice.isascii() and choice.isdigit() and len(choice) < 19:
        return _own(request, int(choice))
    return open_collection(owner=account_volunteer(user), name=request.POST.get("name", ""))


def _visible(request: HttpRequest, pk: int) -> Collection:
    rows = Collection.objects.visible_to(volunteer_who_looks(request)).select_related("owner__user__profile")
    return get_object_or_404(rows, pk=pk)


def _own(request: HttpRequest, pk: int) -> Collection:
    """Return one's own collection; another's is refused where it is public, and does not exist where it is private."""
    row = _visible(request, pk)
    if not _is_own(request, row):
        raise PermissionDenied(_("This collection belongs to somebody else. Nothing was changed."))
    return row


def _is_own(request: HttpRequest, row: Collection) -> bool:
    volunteer = volunteer_who_looks(request)
    return volunteer is not None and row.owner_id == volunteer.pk
