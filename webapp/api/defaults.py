"""REST framework defaults: token authentication in one query, a JSON parser with a depth limit, formats, throttles."""

from collections.abc import Mapping
from typing import IO, Any

from django.contrib.auth.models import User
from django.utils.translation import gettext as _
from rest_framework.authentication import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed, NotAcceptable, ParseError, Throttled
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.throttling import AnonRateThrottle, UserRateThrottle

from webapp.accounts.tokens import LIVES, digest_of, lifetime
from webapp.core.rate_limits import Windows
from webapp.core.sql import Columns, fetch
from webapp.queue.leases import NewcomerRate
from webapp.volunteers.models import Volunteer

USER = Columns(User, "person", "id", "username", "is_active", "is_staff", "is_superuser")
VOLUNTEER = Columns(Volunteer, "volunteer")
SELECT = f"""
    SELECT {USER.sql}, {VOLUNTEER.sql}
    FROM accounts_apitoken AS token
    JOIN auth_user AS person ON person.id = token.user_id
    LEFT JOIN volunteers_volunteer AS volunteer ON volunteer.user_id = person.id
    WHERE token.digest = %s AND {LIVES}
"""  # noqa: S608  # column names of our own models


class VolunteerTokenAuthentication(TokenAuthentication):
    """Token authentication that also loads the account's volunteer."""

    def authenticate(self, request: Request) -> tuple[User, str] | None:
        """Refuse a token that other sites' programs would send, rather than take its owner for a stranger."""
        if request.headers.get("Authorization", "").lower().startswith("bearer "):
            raise AuthenticationFailed("Send the token as “Authorization: Token …”, not as Bearer.")
        return super().authenticate(request)

    def authenticate_credentials(self, key: str) -> tuple[User, str]:
        """Return the account of the token; raise AuthenticationFailed for an expired one."""
        rows = fetch(SELECT, [digest_of(key), lifetime().total_seconds()])
        if not rows or not (user := USER.build(rows[0][: len(USER)])).is_active:
            raise AuthenticationFailed("This token is unknown or has ended, or its account is closed.")
        if rows[0][len(USER)] is not None:
            user.volunteer = VOLUNTEER.build(rows[0][len(USER) :])
        return user, key


class ShallowJSONParser(JSONParser):
    """Answers 400 to JSON nested too deeply for Python."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise ParseError("JSON parse error - too many lists or objects within each other") from error


class OwnFormat(DefaultContentNegotiation):
    """Answers in the view's own format where it has none that the client accepts, as if it accepted anything."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        try:
            return super().select_renderer(request, renderers, format_suffix)
        except NotAcceptable:
            return renderers[0], renderers[0].media_type


class AnonymousThrottle(Windows, AnonRateThrottle):
    """Rate limit of anonymous requests, by address."""


class UserThrottle(Windows, UserRateThrottle):
    """Rate limit of an account; anonymous requests are limited by address already."""

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        """Return the key of the account, if there is one."""
        return super().get_cache_key(request, view) if request.user.is_authenticated else None


def check_newcomer(request: Request) -> None:
    """Raise Throttled if too many newcomers ask from one address."""
    rate = NewcomerRate()
    if not rate.allow_request(request, None):
        raise Throttled(
            rate.wait(),
            _("Too many new visitors from your network. Try again in a few minutes, or sign in."),
        )
