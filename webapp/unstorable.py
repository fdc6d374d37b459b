"""Values that nothing here can hold: half a character, a NUL, a number without end, JSON without a bottom.

Where a form or a serializer looks at a value first, it says so itself. What reaches the database nevertheless was never
stored, and whoever sent it is told so in place of an error of the site.
"""

import logging
from collections.abc import Callable

from django.db import DataError
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

log = logging.getLogger(__name__)

ENDLESS_NUMBER = "for integer string conversion"
NUL = "NUL (0x00)"


class UnstorableMiddleware:
    """Answer 400 where a view failed at such a value."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponseBase | None:
        """Say that nothing was stored; other errors stay what they are."""
        if not is_unstorable(error):
            return None
        log.warning("%s: a value that cannot be stored.", request.path, exc_info=error)
        said = _("Something in this request is no text or number that can be stored. Nothing was changed.")
        if request.path.startswith("/api/"):
            return JsonResponse({"detail": said}, status=400)
        return render(request, "400.html", {"said": said}, status=400)


def is_unstorable(error: Exception) -> bool:
    """Return whether an error comes of a value that nothing can hold."""
    said = str(error)
    match error:
        case DataError():
            return True
        case UnicodeEncodeError():
            return "surrogates" in said
        case RecursionError():
            return "JSON" in said
        case ValueError():
            return ENDLESS_NUMBER in said or NUL in said or "not JSON compliant" in said
    return False
