"""Rate limits of pages, by account or by visitors' address; the API, sign-in and comments have more of their own."""

import logging
import math
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import get_template

from webapp.core.rate_limits import ByAddress

log = logging.getLogger(__name__)

CHEAP = ("/api/", "/pixels/", "/guide-images/", "/texts/", "/static/")
"""The API, and what browsers load by the dozen for one page and then keep."""
FILES = frozenset({".csv", ".json", ".obs80", ".parquet", ".pdf", ".psv", ".tsv", ".votable", ".xml", ".zip"})
OWN_DATA = "/you/data/export/"
A_WHILE = 60
"""Seconds to wait where it is not known how many."""


class PageRate(ByAddress):
    """Rate limit by account, or by address of who has none."""

    setting = ""

    def get_rate(self) -> str | None:
        """Read the rate on demand; an empty one is no limit."""
        return getattr(settings, self.setting) or None

    def get_cache_key(self, request: Any, view: Any) -> str:
        """Return the key of the account, or of the address."""
        if not request.user.is_authenticated:
            return super().get_cache_key(request, view)
        return self.cache_format % {"scope": self.scope, "ident": f"account-{request.user.pk}"}


class AllPages(PageRate):
    scope, setting = "pages", "THROTTLE_PAGES"


class Writes(PageRate):
    """Also those that are refused, and uploads: to read them costs time."""

    scope, setting = "writes", "THROTTLE_WRITES"


class Downloads(PageRate):
    """Tables, certificates and bundles, which are made anew each time."""

    scope, setting = "downloads", "THROTTLE_DOWNLOADS"


class SearchRate(ByAddress):
    """Rate limit of searches per address: of the archive, except for the survey's own people, and of Talk."""

    scope = "search"
    rate = "60/min"


def limit_pages(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: refuse a page to whoever asks too often, before it costs more than a count."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        for rate in _rates(request):
            if not rate.allow_request(request, None):
                return refuse(request, rate)
        return get_response(request)

    return answer


def _rates(request: HttpRequest) -> list[PageRate]:
    path = request.path_info
    if path.startswith(CHEAP):
        return []
    if request.method not in ("GET", "HEAD", "OPTIONS"):
        return [AllPages(), Writes()]
    is_download = path == OWN_DATA or PurePosixPath(path).suffix in FILES
    return [AllPages(), Downloads()] if is_download else [AllPages()]


def refuse(request: HttpRequest, rate: ByAddress) -> HttpResponse:
    """Answer 429 with the seconds until the rate allows more, and log which rate it was."""
    log.warning("%s: too many requests (%s).", request.path, rate.scope)
    return too_many_requests(request, math.ceil(rate.wait()))


def too_many_requests(request: HttpRequest, seconds: int = A_WHILE) -> HttpResponse:
    """Answer 429 by a page that asks the database for nothing; allauth answers with it too."""
    context = {"request": request, "seconds": seconds, "minutes": math.ceil(seconds / 60)}
    answer = HttpResponse(get_template("429.html").render(context), status=429)
    answer["Retry-After"] = str(seconds)
    return answer
