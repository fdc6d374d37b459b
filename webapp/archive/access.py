"""Access to a survey: load it, authorise by role, and manage its members."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.decorators import reauthentication_required
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import resolve
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from webapp.archive.audit import record_act
from webapp.archive.models import Membership, Role, Subject, Survey, lacks_second_factor

NEEDS_SECOND_FACTOR = gettext_lazy(
    "Your role requires two-factor sign-in. Set it up in your profile, then open this page again."
)
ASKS_FOR_PASSWORD = frozenset(
    {
        "member-add",
        "member-change",
        "member-remove",
        "invitation-new",
        "site-user-act",
        "site-user-data",
        "site-user-erase",
        "site-user-reset",
        "site-user-role",
    }
)
"""Addresses that change what accounts may do, or give their data away: they ask for the password, unless it was given
minutes ago."""
View = Callable[..., HttpResponseBase]
_FOR = {
    Role.VOLUNTEER: gettext_lazy("This page is for the volunteers of %(survey)s."),
    Role.MODERATOR: gettext_lazy("This page is for the moderators of %(survey)s."),
    Role.SCIENTIST: gettext_lazy("This page is for the scientists of %(survey)s."),
    Role.ADMIN: gettext_lazy("This page is for the admins of %(survey)s."),
}
ASK = gettext_lazy("Nothing was changed. If you need access, ask an admin of the survey or of the site for the role.")


def survey_for(request: HttpRequest, slug: str, role: str) -> Survey:
    """Return the survey if the user holds `role` in it.

    Raises Http404: there is no such survey. Raises PermissionDenied: the user does not hold the role, is anonymous, or
    lacks the second factor that the role needs.
    """
    survey = get_object_or_404(Survey, slug=slug)
    if not Membership.objects.holds(request.user, survey, role):
        raise PermissionDenied(f"{_FOR[Role(role)] % {'survey': survey}} {ASK}")
    _ask_for_second_factor(request, role)
    if role == Role.ADMIN:
        _ask_for_password(request)
        record_act(request, person(request), survey)
    return survey


def _ask_for_second_factor(request: HttpRequest, role: str) -> None:
    if lacks_second_factor(request.user, role):
        raise PermissionDenied(NEEDS_SECOND_FACTOR)


@reauthentication_required(enabled=lambda request: resolve(request.path_info).url_name in ASKS_FOR_PASSWORD)
def _ask_for_password(request: HttpRequest) -> None:
    """Let no session that was left open give rights away; allauth repeats the request once the password is given."""


def subject_of(survey: Survey, pk: int) -> Subject:
    """Return a subject of the survey; raises Http404 if it has none of this key."""
    return get_object_or_404(Subject.objects.select_related("survey"), survey=survey, pk=pk)


def person(request: HttpRequest) -> User:
    """Return the signed-in user; refuse anonymous ones."""
    if not isinstance(request.user, User):
        raise PermissionDenied(_("Sign in first. Nothing was changed."))
    return request.user


def survey_page(role: str) -> Callable[[View], View]:
    """Pass the survey of its `slug` to the view; redirect anonymous users to sign in.

    An anonymous write is refused rather than redirected to a form that would lose it.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, slug: str, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated and request.method in ("GET", "HEAD"):
                get_object_or_404(Survey, slug=slug)
                return _sign_in(request)
            return view(request, survey_for(request, slug, role), *args, **kwargs)

        return guarded

    return decorate


def site_admin_page(view: View) -> View:
    """Restrict the view to administrators of the site; redirect anonymous users to sign in."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated and request.method in ("GET", "HEAD"):
            return _sign_in(request)
        if not person(request).is_superuser:
            denied = _("Only the site's administrators can open this page.")
            raise PermissionDenied(f"{denied} {ASK}")
        _ask_for_second_factor(request, Role.ADMIN)
        _ask_for_password(request)
        record_act(request, person(request))
        return view(request, *args, **kwargs)

    return guarded


def _sign_in(request: HttpRequest) -> HttpResponse:
    """Redirect a page; make a polling fragment reload its whole page, which then redirects."""
    if request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Refresh": "true"})
    return redirect_to_login(request.get_full_path())


class MembershipRefused(ValueError):
    """An invalid change of members; the message says why and what to do."""


class UnknownAccount(MembershipRefused):
    """Nobody has joined under this name."""


@transaction.atomic
def add_member(*, survey: Survey, username: str, role: Role) -> Membership:
    """Give an account a role in the survey.

    Raises UnknownAccount, or MembershipRefused if it already has a role.
    """
    _lock(survey)
    user = get_user_model().objects.filter(username=username, is_active=True).first()
    if user is None:
        message = _("There is no account “%(name)s”. They must join the site before you can add them.")
        raise UnknownAccount(message % {"name": username})
    if present := Membership.objects.filter(survey=survey, user=user).first():
        message = _("%(name)s has the role “%(role)s” already. Change it in the list of members.")
        raise MembershipRefused(message % {"name": username, "role": Role(present.role).label})
    return Membership.objects.create(survey=survey, user=user, role=role)


@transaction.atomic
def give_at_least(*, survey: Survey, user: User, role: Role) -> Membership:
    """Give an account a role in the survey; a higher one that it holds already stays."""
    _lock(survey)
    row, _is_new = Membership.objects.get_or_create(survey=survey, user=user, defaults={"role": role})
    if row.role not in Role.at_least(role):
        row.role = role
        row.save(update_fields=["role"])
    return row


@transaction.atomic
def change_role(*, membership: Membership, role: Role, by: User) -> Membership:
    """Change a member's role; raises MembershipRefused if no admin would be left."""
    row = _locked(membership)
    if role != Role.ADMIN:
        _check_another_admin(row, by)
    row.role = role
    row.save(update_fields=["role"])
    return row


@transaction.atomic
def remove_member(*, membership: Membership, by: User) -> None:
    """Remove a member's role; raises MembershipRefused if no admin would be left."""
    row = _locked(membership)
    _check_another_admin(row, by)
    row.delete()


def _lock(survey: Survey) -> None:
    """Lock the members against concurrent changes: two admins must not demote each other at once."""
    Survey.objects.select_for_update(no_key=True).get(pk=survey.pk)


def _locked(membership: Membership) -> Membership:
    _lock(membership.survey)
    row = Membership.objects.select_related("user", "survey").filter(pk=membership.pk).first()
    if row is None:
        raise MembershipRefused(_("This member was already removed. Nothing has changed."))
    return row


def _check_another_admin(row: Membership, by: User) -> None:
    """Refuse to remove the last admin who can sign in, except by an administrator of the site."""
    admins = Membership.objects.filter(survey=row.survey, role=Role.ADMIN, user__is_active=True)
    if row.role == Role.ADMIN and not by.is_superuser and not admins.exclude(pk=row.pk).exists():
        message = _("%(name)s is the only admin of %(survey)s. Make someone else an admin first.")
        raise MembershipRefused(message % {"name": row.user, "survey": row.survey})
