"""API authentication of volunteers: a token, a session, or a visitor's signed cookie."""

from contextlib import suppress

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.accounts.merge_visitor import merge
from webapp.api.defaults import VolunteerTokenAuthentication
from webapp.queue.leases import store_newcomer
from webapp.volunteers.identity import COOKIE, account_volunteer, forget, remember, visitor_or_newcomer
from webapp.volunteers.models import Volunteer


class VisitorAuthentication(SessionAuthentication):
    """Authentication by a visitor's cookie, which browsers send automatically, so CSRF is checked."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, None] | None:
        if COOKIE not in request.COOKIES:
            return None
        self.enforce_csrf(request)
        return AnonymousUser(), None


ANYBODY = [VolunteerTokenAuthentication, SessionAuthentication, VisitorAuthentication]


class VisitorScheme(OpenApiAuthenticationExtension):
    """Describes the visitor's cookie in the OpenAPI schema."""

    target_class = VisitorAuthentication
    name = "visitorCookie"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": COOKIE}


def known_volunteer(request: Request) -> Volunteer:
    """Return the requesting volunteer, or an unsaved newcomer, who has no leases and so cannot answer.

    Answers and leases from before signing in move to the account here.
    """
    visitor = visitor_or_newcomer(request._request)
    if not request.user.is_authenticated:
        if visitor is None:
            raise PermissionDenied(_("Open the classify page, request the next subject, or send a token first."))
        return visitor
    account = account_volunteer(request.user)
    if visitor is not None:
        store_newcomer(visitor)
        merge(visitor, account)
    return account


def any_volunteer(request: Request) -> Volunteer:
    """Return the requesting volunteer, or an unsaved newcomer."""
    if request.user.is_authenticated or COOKIE in request.COOKIES:
        with suppress(PermissionDenied):
            return known_volunteer(request)
    return Volunteer()


def acting_volunteer(request: Request) -> Volunteer:
    """Return the requesting volunteer; refuse one who has answered nothing: nothing is stored for passers-by."""
    volunteer = known_volunteer(request)
    if volunteer.pk is None:
        raise PermissionDenied(_("Sign in or classify a subject first. Nothing was changed."))
    return volunteer


def set_identity_cookies(request: HttpRequest, response: Response, volunteer: Volunteer) -> Response:
    """Set the cookies that let a visitor answer, or delete the visitor's once an account has taken over."""
    if volunteer.user_id is None:
        get_token(request)
        remember(response, volunteer)
    elif COOKIE in request.COOKIES:
        forget(response)
    return response
