"""How many requests the API takes, by account and by address."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.throttling import AnonRateThrottle, UserRateThrottle

from webapp.core.rate_limits import Windows
from webapp.queue.newcomers import NewcomerRate


class AnonymousThrottle(Windows, AnonRateThrottle):
    """Requests of nobody in particular, by address."""


class UserThrottle(Windows, UserRateThrottle):
    """Requests of an account; nobody in particular is counted by address already."""

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        """Name the account, if there is one."""
        return super().get_cache_key(request, view) if request.user.is_authenticated else None


def check_newcomer(request: Request) -> None:
    """Raise Throttled when too many newcomers ask from one address."""
    rate = NewcomerRate()
    if not rate.allow_request(request, None):
        raise Throttled(
            rate.wait(),
            _("Many new visitors came from your network just now. Try again in some minutes, or sign in."),
        )
