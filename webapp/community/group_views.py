"""Pages of groups: one's own, a group with its statistics, its settings and members for its owner, and joining."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ml.io.message import Message
from webapp.archive.access import person
from webapp.community import groups as rules
from webapp.community.group_models import Group, GroupMember
from webapp.community.person import account_page, name_in_talk
from webapp.community.statistics import asked_step, asked_zone, statistics_of_group
from webapp.core.request_values import whole_number
from webapp.volunteers.identity import account_volunteer, reader_of


class GroupForm(forms.ModelForm):
    class Meta:
        model = Group
        fields = ("name", "description", "is_class")
        labels = {
            "name": gettext_lazy("Name"),
            "description": gettext_lazy("Description"),
            "is_class": gettext_lazy("This is a class"),
        }
        help_texts = {"is_class": gettext_lazy("Only you and its members see it. Nothing of a class is public.")}
        widgets = {"description": forms.Textarea({"rows": 3})}


@require_http_methods(["GET", "HEAD", "POST"])
@account_page
def groups(request: HttpRequest, user: User) -> HttpResponseBase:
    """List one's groups, and open one."""
    volunteer = account_volunteer(user)
    form = GroupForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            return redirect("group", rules.open_group(user=user, **form.cleaned_data).pk)
        except ValidationError as error:
            form.add_error(None, error)
    page = {"form": form, "groups": Group.objects.of(volunteer), "volunteer": volunteer}
    return render(request, "community/groups.html", page, status=400 if form.errors else 200)


@require_safe
def group(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a group's statistics and milestones; a class to its owner and members only."""
    row = _visible(request, pk)
    return _page(request, row)


@require_safe
def group_csv(request: HttpRequest, pk: int) -> HttpResponseBase:
    row = _visible(request, pk)
    return statistics_of_group(row, asked_step(request), asked_zone(request)).csv(f"group-{row.pk}")


@require_POST
@account_page
def group_change(request: HttpRequest, user: User, pk: int) -> HttpResponseBase:
    """Do what the owner asks for: change the group, renew or end its link, or remove a member."""
    row, act = _own(request, pk), request.POST.get("act", "")
    if act == "remove":
        rules.remove_member(user=user, group=row, member=whole_number(request.POST.get("member", "")) or 0)
    elif act == "link":
        days = whole_number(request.POST.get("days", ""))
        try:
            rules.renew_link(user=user, group=row, days=-1 if days is None else days)
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
    else:
        form = GroupForm(request.POST, instance=get_object_or_404(Group, pk=pk))
        if not form.is_valid():
            return _page(request, row, form, status=400)
        rules.change_group(user=user, group=row, **form.cleaned_data)
        messages.success(request, _("Saved."))
    return redirect("group", pk)


@require_POST
@account_page
def group_delete(request: HttpRequest, user: User, pk: int) -> HttpResponseBase:
    row = _own(request, pk)
    rules.delete_group(user=user, group=row)
    messages.success(request, _("“%(name)s” is deleted. Its members' classifications stay.") % {"name": row})
    return redirect("groups")


@require_POST
@account_page
def group_leave(request: HttpRequest, user: User, pk: int) -> HttpResponseBase:
    row = _visible(request, pk)
    rules.leave(user=user, group=row)
    messages.success(request, _("You left “%(name)s”.") % {"name": row})
    return redirect("groups")


@require_http_methods(["GET", "HEAD", "POST"])
@account_page
def group_join(request: HttpRequest, user: User, token: str) -> HttpResponseBase:
    """Say what joining means; join. A member is led to the group."""
    row = rules.group_of_link(token)
    if row is None:
        raise Http404(Message("This link has ended. Ask for a new one."))
    if rules.members_of(row).filter(volunteer=account_volunteer(user)).exists():
        messages.info(request, _("You're a member already."))
        return redirect("group", row.pk)
    if request.method != "POST":
        page = {"group": row, "owner": name_in_talk(row.owner), "own_name": name_in_talk(account_volunteer(user))}
        return render(request, "community/group_join.html", page)
    try:
        return redirect("group", rules.join(user=user, token=token).pk)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("groups")


def _visible(request: HttpRequest, pk: int) -> Group:
    return get_object_or_404(Group.objects.visible_to(reader_of(request)), pk=pk)


def _own(request: HttpRequest, pk: int) -> Group:
    """Return one's own group; another's is forbidden if one sees it, and not found if not."""
    row = _visible(request, pk)
    if not rules.owns(reader_of(request), row):
        raise PermissionDenied(_("Only the owner of a group can do this. Nothing was changed."))
    return row


def _page(request: HttpRequest, row: Group, form: GroupForm | None = None, status: int = 200) -> HttpResponse:
    reader = reader_of(request)
    present = rules.members_of(row)
    page = {
        **statistics_of_group(row, asked_step(request), asked_zone(request)).context(),
        "group": row,
        "size": present.count(),
        "is_member": reader is not None and present.filter(volunteer=reader).exists(),
    }
    if rules.owns(reader, row):
        page |= {"is_own": True, "form": form or GroupForm(instance=row), **_of_owner(request, row)}
    return render(request, "community/group.html", page, status=status)


def _of_owner(request: HttpRequest, row: Group) -> dict[str, Any]:
    """Return what only the owner sees: the members' names, in alphabetical order, and the link."""
    members = rules.members_for(user=person(request), group=row)
    link = reverse("group-join", args=[row.token]) if row.token and rules.group_of_link(row.token) else ""
    return {
        "members": sorted(((name_in_talk(each.volunteer), each) for each in members), key=_by_name),
        "link": request.build_absolute_uri(link) if link else "",
        "days": rules.DAYS,
    }


def _by_name(named: tuple[str, GroupMember]) -> tuple[str, int]:
    return named[0].casefold(), named[1].pk
