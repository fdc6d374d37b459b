"""Access to a survey: load it, authorise by role, and manage its members."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from webapp.archive.models import Membership, Role, Survey

View = Callable[..., HttpResponseBase]
_FOR = {
    Role.VOLUNTEER: gettext_lazy("This page is for the volunteers of %(survey)s."),
    Role.MODERATOR: gettext_lazy("This page is for the moderators of %(survey)s."),
    Role.SCIENTIST: gettext_lazy("This page is for the scientists of %(survey)s."),
    Role.ADMIN: gettext_lazy("This page is for the admins of %(survey)s."),
}


def survey_for(request: HttpRequest, slug: str, role: str) -> Survey:
    """Return the survey if the person holds `role` in it.

    Raises
    ------
    Http404
        There is no such survey.
    PermissionDenied
        The person does not hold the role, or is nobody in particular.
    """
    survey = get_object_or_404(Survey, slug=slug)
    if not Membership.objects.allows(request.user, survey, role):
        raise PermissionDenied(_FOR[Role(role)] % {"survey": survey})
    return survey


def person(request: HttpRequest) -> User:
    """Return who is signed in; refuse whoever is not."""
    if not isinstance(request.user, User):
        raise PermissionDenied(_("Sign in first. Nothing was changed."))
    return request.user


def survey_page(role: str) -> Callable[[View], View]:
    """Give the view the survey of its `slug`; ask whoever is not signed in to do so first.

    A write by somebody who is not signed in is refused rather than sent to a form that would lose it.
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
    """Open the view to those who may do everything on the site; ask whoever is not signed in to do so first."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated and request.method in ("GET", "HEAD"):
            return _sign_in(request)
        if not person(request).is_superuser:
            raise PermissionDenied(_("Only the site's administrators can open this page."))
        return view(request, *args, **kwargs)

    return guarded


def _sign_in(request: HttpRequest) -> HttpResponse:
    """Redirect the page; let a polling part of a page reload it whole, which then redirects."""
    if request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Refresh": "true"})
    return redirect_to_login(request.get_full_path())


class MembershipRefused(ValueError):
    """A change of members that cannot be made; the sentence says why and what to do."""


@transaction.atomic
def add_member(*, survey: Survey, username: str, role: Role) -> Membership:
    """Give an account a role in the survey.

    Raises
    ------
    MembershipRefused
        There is no such account, or it has a role already.
    """
    _lock(survey)
    user = get_user_model().objects.filter(username=username, is_active=True).first()
    if user is None:
        message = _("There is no account “%(name)s”. They must join the site before you can add them.")
        raise MembershipRefused(message % {"name": username})
    if present := Membership.objects.filter(survey=survey, user=user).first():
        message = _("%(name)s has the role “%(role)s” already. Change it in the list of members.")
        raise MembershipRefused(message % {"name": username, "role": Role(present.role).label})
    return Membership.objects.create(survey=survey, user=user, role=role)


@transaction.atomic
def change_role(*, membership: Membership, role: Role, by: User) -> Membership:
    """Give a member another role; raises MembershipRefused where no admin would be left."""
    row = _locked(membership)
    if role != Role.ADMIN:
        _keep_an_admin(row, by)
    row.role = role
    row.save(update_fields=["role"])
    return row


@transaction.atomic
def remove_member(*, membership: Membership, by: User) -> None:
    """Take a member's role away; raises MembershipRefused where no admin would be left."""
    row = _locked(membership)
    _keep_an_admin(row, by)
    row.delete()


def _lock(survey: Survey) -> None:
    """Let one person at a time change the members: two admins must not demote each other at once."""
    Survey.objects.select_for_update(no_key=True).get(pk=survey.pk)


def _locked(membership: Membership) -> Membership:
    _lock(membership.survey)
    row = Membership.objects.select_related("user", "survey").filter(pk=membership.pk).first()
    if row is None:
        raise MembershipRefused(_("This member was already removed. Nothing has changed."))
    return row


def _keep_an_admin(row: Membership, by: User) -> None:
    """Refuse to lose the last admin who can sign in; an administrator of the site may, who can appoint another."""
    admins = Membership.objects.filter(survey=row.survey, role=Role.ADMIN, user__is_active=True)
    if row.role == Role.ADMIN and not by.is_superuser and not admins.exclude(pk=row.pk).exists():
        message = _("%(name)s is the only admin of %(survey)s. Make someone else an admin first.")
        raise MembershipRefused(message % {"name": row.user, "survey": row.survey})
