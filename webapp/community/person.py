"""Volunteer and profile of a request, for a person's own pages."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from webapp.archive.access import person
from webapp.community.models import Profile
from webapp.volunteers.identity import reader_of
from webapp.volunteers.models import Volunteer

View = Callable[..., HttpResponseBase]


def volunteer_who_acts(request: HttpRequest) -> Volunteer:
    """Return the volunteer; refuse anonymous requests, so that nothing is stored for passers-by."""
    volunteer = reader_of(request)
    if volunteer is None:
        raise PermissionDenied(_("Sign in or classify a subject first. Nothing was changed."))
    return volunteer


def came_from(request: HttpRequest, *, otherwise: str) -> str:
    """Return the page of this site that the form says it is on."""
    address = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure())
    return address if is_ours and address.startswith("/") else otherwise


def account_page(view: View) -> View:
    """Pass the signed-in user to the view; redirect others to sign in, and refuse their writes."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated and request.method in ("GET", "HEAD"):
            messages.info(request, _("Sign in or join to open this page."))
            return redirect_to_login(request.get_full_path())
        return view(request, person(request), *args, **kwargs)

    return guarded


def profile_of(user: User) -> Profile:
    """Return the user's profile, created on first use."""
    return Profile.objects.get_or_create(user=user)[0]


def name_of(volunteer: Volunteer) -> str:
    """Return the volunteer's name for credits; an empty string for visitors, and without a chosen name."""
    profile: Profile | None = getattr(volunteer.user, "profile", None)
    return profile.named() if profile else ""


def name_in_talk(author: Volunteer | None) -> str:
    """Return the name in Talk: the one for credits, else the user name; "" for nobody."""
    if author is None or author.user is None:
        return ""
    return name_of(author) or author.user.get_username()
