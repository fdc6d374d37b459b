"""Who may open a survey's pages: one place that loads the survey and authorises."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from webapp.archive.models import Survey
from webapp.archive.models.survey import Membership, Role

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
        raise PermissionDenied(_("Sign in first; nothing was changed."))
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
            raise PermissionDenied(_("This page is for the administrators of the site."))
        return view(request, *args, **kwargs)

    return guarded


def _sign_in(request: HttpRequest) -> HttpResponse:
    """Redirect the page; let a polling part of a page reload it whole, which then redirects."""
    if request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Refresh": "true"})
    return redirect_to_login(request.get_full_path())
