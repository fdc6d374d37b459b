"""Pages of accounts for the site's administrators: the list, one account; and the page of an invitation."""

from collections.abc import Callable
from typing import Any

from allauth.mfa.utils import is_mfa_enabled
from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from webapp.accounts.forms import ErasureForm
from webapp.accounts.invitations import accept, invitation_of, invite, link_of, mail_invitation, open_invitations
from webapp.accounts.site_users import (
    erase,
    remove_second_factors,
    reset_password,
    search_users,
    set_active,
    set_administrator,
)
from webapp.archive.access import (
    MembershipRefused,
    add_member,
    change_role,
    person,
    remove_member,
    site_admin_page,
)
from webapp.archive.audit import record_reading
from webapp.archive.models import Membership, Role, Survey
from webapp.community.news_mail import mail_is_sent

SIZE = 50
ACTS: dict[str, Callable[..., None]] = {
    "suspend": lambda **of: set_active(is_active=False, **of),
    "lift": lambda **of: set_active(is_active=True, **of),
    "promote": lambda **of: set_administrator(is_administrator=True, **of),
    "demote": lambda **of: set_administrator(is_administrator=False, **of),
    "remove-factors": remove_second_factors,
}


class SurveyRoleForm(forms.Form):
    """A role in a survey; no role removes the one that somebody has."""

    survey = forms.ModelChoiceField(
        Survey.objects.all(),
        empty_label=gettext_lazy("Choose a survey"),
        to_field_name="slug",
        label=gettext_lazy("Survey"),
    )
    role = forms.ChoiceField(
        required=False, label=gettext_lazy("Role"), choices=[("", gettext_lazy("none")), *Role.choices]
    )


class InviteForm(SurveyRoleForm):
    field_order = ("email", "survey", "role")
    email = forms.EmailField(
        required=False,
        label=gettext_lazy("Email address"),
        help_text=gettext_lazy("Empty: you get a link to hand over."),
        widget=forms.EmailInput({"autocomplete": "off"}),
    )
    survey = forms.ModelChoiceField(
        Survey.objects.all(),
        required=False,
        empty_label=gettext_lazy("none"),
        to_field_name="slug",
        label=gettext_lazy("Survey"),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if bool(cleaned.get("survey")) != bool(cleaned.get("role")):
            raise ValidationError(_("Choose a survey and a role, or neither."))
        return cleaned


class EraseForm(ErasureForm):
    """Erase somebody's account; its user name must be typed."""

    username = forms.CharField(max_length=150, widget=forms.TextInput({"autocomplete": "off"}))

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.name = user.get_username()
        self.fields["answers"].label = _("Their classifications and comments")
        self.fields["username"].label = _("Type the user name to confirm: %(name)s") % {"name": self.name}

    def clean_username(self) -> str:
        name: str = self.cleaned_data["username"]
        if name != self.name:
            raise ValidationError(_("Wrong user name. Nothing was deleted."))
        return name


@require_safe
@site_admin_page
def site_users(request: HttpRequest) -> HttpResponse:
    record_reading(request, person(request))
    return _list(request, InviteForm())


@require_POST
@site_admin_page
def invitation_new(request: HttpRequest) -> HttpResponse:
    form = InviteForm(request.POST)
    if not form.is_valid():
        return _list(request, form, status=400)
    row = invite(by=person(request), **form.cleaned_data)
    if mail_invitation(request, row):
        messages.success(request, _("The invitation is sent to %(address)s.") % {"address": row.email})
    else:
        messages.success(request, _("Copy the link below and hand it over: this site sent no mail."))
    return redirect(f"{reverse('site-users')}#invitations")


@require_POST
@site_admin_page
def invitation_end(request: HttpRequest, pk: int) -> HttpResponse:
    open_invitations().filter(pk=pk).delete()
    return redirect("site-users")


@require_safe
@site_admin_page
def site_user(request: HttpRequest, pk: int) -> HttpResponse:
    record_reading(request, person(request))
    return _account(request, get_object_or_404(User, pk=pk), SurveyRoleForm())


@require_POST
@site_admin_page
def site_user_act(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """Suspend an account or lift that, make it an administrator or end that, turn off its two-factor sign-in."""
    if act not in ACTS:
        raise Http404
    user = get_object_or_404(User, pk=pk)
    try:
        ACTS[act](user=user, by=person(request))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    if pk == person(request).pk and act in ("suspend", "demote"):
        return redirect("home")
    return redirect("site-user", pk)


@require_POST
@site_admin_page
def site_user_reset(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a link for a new password, or show it if it cannot be sent."""
    user = get_object_or_404(User, pk=pk)
    try:
        link = reset_password(request, user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("site-user", pk)
    if link:
        return _account(request, user, SurveyRoleForm(), link=link)
    messages.success(request, _("A link for a new password is sent to %(address)s.") % {"address": user.email})
    return redirect("site-user", pk)


@require_POST
@site_admin_page
def site_user_role(request: HttpRequest, pk: int) -> HttpResponse:
    """Give an account a role in a survey, change it, or remove it."""
    user = get_object_or_404(User, pk=pk)
    form = SurveyRoleForm(request.POST)
    if not form.is_valid():
        return _account(request, user, form, status=400)
    survey, role = form.cleaned_data["survey"], form.cleaned_data["role"]
    present = Membership.objects.filter(user=user, survey=survey).first()
    try:
        if present and role:
            change_role(membership=present, role=Role(role), by=person(request))
        elif present:
            remove_member(membership=present, by=person(request))
        elif role:
            add_member(survey=survey, username=user.get_username(), role=Role(role))
    except MembershipRefused as error:
        messages.error(request, str(error))
    return redirect("site-user", pk)


@require_POST
@site_admin_page
def site_user_erase(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete an account at its owner's request."""
    user = get_object_or_404(User, pk=pk)
    form = EraseForm(user, request.POST)
    if not form.is_valid():
        return _account(request, user, SurveyRoleForm(), erase_form=form, status=400)
    try:
        erase(user=user, by=person(request), keep_answers=form.keeps_answers)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("site-user", pk)
    messages.success(request, _("The account is deleted."))
    return redirect("site-users")


@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Say who invites to what, and accept it with an account."""
    row = invitation_of(token)
    if request.method == "POST":
        try:
            accepted = accept(user=person(request), token=token)
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
            return redirect("home")
        messages.success(request, _("Welcome!"))
        return redirect("project", accepted.survey.slug) if accepted.survey else redirect("home")
    status = 200 if row else 404
    return render(request, "accounts/invitation.html", {"invitation": row, "path": request.path}, status=status)


def _list(request: HttpRequest, form: InviteForm, status: int = 200) -> HttpResponse:
    search = request.GET.get("q", "")[:100]
    found = Paginator(search_users(search), SIZE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "search": search,
        "page": found,
        "invitations": [(row, link_of(request, row)) for row in open_invitations()],
        "is_mailed": mail_is_sent(),
    }
    return render(request, "accounts/site_users.html", context, status=status)


def _account(
    request: HttpRequest,
    user: User,
    form: SurveyRoleForm,
    *,
    link: str = "",
    erase_form: EraseForm | None = None,
    status: int = 200,
) -> HttpResponse:
    memberships = user.memberships.select_related("survey").order_by("survey__name")
    context = {"account": user, "memberships": memberships, "form": form, "link": link}
    context["erase_form"] = erase_form or EraseForm(user)
    context["has_second_factor"] = is_mfa_enabled(user)
    return render(request, "accounts/site_user.html", context, status=status)
