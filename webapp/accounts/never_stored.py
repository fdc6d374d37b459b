"""Middleware: no browser stores pages about accounts, and about who answered what."""

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.utils.cache import add_never_cache_headers

ABOUT_PEOPLE = re.compile(
    r"/(accounts|you|users|invitation|audit-log|skill)/|/surveys/[^/]+/(quality|consensus/subjects)/"
)
Answer = Callable[[HttpRequest], HttpResponseBase]


def never_stored(get_response: Answer) -> Answer:
    """Forbid browsers to store what another person at the same computer could find by the back button."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if ABOUT_PEOPLE.match(request.path_info):
            add_never_cache_headers(response)
        return response

    return answer
