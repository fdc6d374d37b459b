"""Middleware: request numbers, health endpoints, common headers, and pages for what cannot be stored or opened.

Health endpoints are answered first, since monitors use the site's IP address rather than its host name, and no HTTPS.
"""

import logging
import re
import uuid
from collections.abc import Callable, Iterable
from http import HTTPStatus

from django.conf import settings
from django.db import DataError
from django.http import HttpRequest, HttpResponseBase, HttpResponsePermanentRedirect, JsonResponse
from django.middleware.common import CommonMiddleware
from django.shortcuts import render
from django.utils.cache import has_vary_header
from django.utils.translation import gettext as _

from webapp.core.health import PARTS, READY, check_health
from webapp.core.logs import logged_as

HEADER = "X-Request-ID"
GIVEN = re.compile(r"[\w.-]{8,64}", re.ASCII)


Answer = Callable[[HttpRequest], HttpResponseBase]


def request_id(get_response: Answer) -> Answer:
    """Give each request a number, in its log lines and its response; a proxy in front may have given one already."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        number = _given(request) or uuid.uuid4().hex
        with logged_as(f"request {number}"):
            response = get_response(request)
        response[HEADER] = number
        return response

    return answer


class KeepsMethod(HttpResponsePermanentRedirect):
    """A redirect after which a POST is still a POST, with its body."""

    status_code = 308


class AppendSlash(CommonMiddleware):
    """Django's, which redirects an address without its last slash, for every method."""

    response_redirect_class = KeepsMethod


def _given(request: HttpRequest) -> str | None:
    given = request.headers.get(HEADER, "")
    is_trusted = settings.ALLAUTH_TRUSTED_PROXY_COUNT > 0
    return given if is_trusted and GIVEN.fullmatch(given) else None


HEALTH: dict[str, Callable[[], JsonResponse]] = {
    "/health/live/": lambda: JsonResponse({"status": "ok"}),
    "/health/ready/": lambda: _health(READY),
    "/health/": lambda: _health(PARTS),
}


def health(get_response: Answer) -> Answer:
    """Answer the health endpoints, also without the last slash: many monitors leave it out, and follow no redirect."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        answer_health = HEALTH.get(request.path_info) or HEALTH.get(f"{request.path_info}/")
        return answer_health() if answer_health else get_response(request)

    return answer


def _health(names: Iterable[str]) -> JsonResponse:
    """Return 200 if these parts of the site are healthy, else 503, with the state of each."""
    parts = check_health(names)
    ill = [sentence for sentence in parts.values() if sentence != "ok"]
    answer = JsonResponse({"status": " ".join(ill) or "ok", "parts": parts}, status=503 if ill else 200)
    answer["Cache-Control"] = "no-store"
    return answer


log = logging.getLogger(__name__)

ENDLESS_NUMBER = "for integer string conversion"
NUL = "NUL (0x00)"


class UnstorableMiddleware:
    """Answer 400 if a view failed because a value cannot be stored."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponseBase | None:
        """Say that nothing was stored; other errors are not handled."""
        if not is_unstorable(error):
            return None
        log.warning("%s: a value that cannot be stored.", request.path, exc_info=error)
        message = _("This request contains a value that can't be stored. Nothing was changed.")
        if request.path.startswith("/api/"):
            return JsonResponse({"detail": message}, status=400)
        return render(request, "400.html", {"problem": message}, status=400)


def is_unstorable(error: Exception) -> bool:
    """Return whether an error comes from a value that cannot be stored."""
    text = str(error)
    match error:
        case DataError():
            return True
        case UnicodeEncodeError():
            return "surrogates" in text
        case RecursionError():
            return "JSON" in text
        case ValueError():
            return ENDLESS_NUMBER in text or NUL in text or "not JSON compliant" in text
    return False


UNUSED = (
    *("accelerometer", "camera", "display-capture", "geolocation", "gyroscope", "magnetometer", "microphone"),
    *("midi", "payment", "serial", "usb", "xr-spatial-tracking"),
)
POLICY = ", ".join(f"{name}=()" for name in UNUSED)


def common_headers(get_response: Answer) -> Answer:
    """Add Permissions-Policy; keep what depends on a person's cookie out of shared caches; make the API's JSON a file.

    No browser then takes what people wrote for a page.
    """

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers.setdefault("Permissions-Policy", POLICY)
        if has_vary_header(response, "Cookie"):
            response.headers.setdefault("Cache-Control", "private")
        is_json = response.get("Content-Type", "").startswith("application/json")
        is_for_a_script = request.headers.get("Sec-Fetch-Dest") == "empty"  # /api/docs/ shows no attachments
        if is_json and request.path_info.startswith("/api/") and not is_for_a_script:
            response.headers.setdefault("Content-Disposition", 'attachment; filename="api.json"')
        return response

    return answer


def method_not_allowed(get_response: Answer) -> Answer:
    """Answer a reader who opens an address that only takes forms with a page."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        is_empty = response.status_code == HTTPStatus.METHOD_NOT_ALLOWED and not getattr(response, "content", True)
        if not is_empty or request.method != "GET":
            return response
        page = render(request, "405.html", status=response.status_code)
        page["Allow"] = response["Allow"]
        return page

    return answer
