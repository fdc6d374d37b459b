"""Error pages of the site, as JSON below /api/, whatever a client accepts, also for addresses that do not exist."""

import sys
from typing import Any

from django.conf import settings
from django.core.exceptions import TooManyFilesSent
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseServerError, JsonResponse
from django.shortcuts import render
from django.template.loader import get_template
from django.views import defaults
from rest_framework.exceptions import NotFound
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import exception_handler

from ml.io.message import Message, message_of
from webapp.core.logs import logged_name
from webapp.core.postgresql.unavailable import Unavailable, unavailable

NOT_FOUND = "There is nothing with this name or number, or you may not see it."


def as_json(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer an error of a view as JSON, also where its own format is another."""
    request = context["request"]
    request.accepted_renderer, request.accepted_media_type = JSONRenderer(), JSONRenderer.media_type
    return exception_handler(NotFound(_reason(error) or NOT_FOUND) if isinstance(error, Http404) else error, context)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _is_api(request):
        return JsonResponse({"detail": "There is nothing at this address. See /api/docs/."}, status=404)
    return render(request, "404.html", {"reason": _reason(exception)}, status=404)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    most = settings.DATA_UPLOAD_MAX_NUMBER_FILES if isinstance(exception, TooManyFilesSent) else None
    if _is_api(request):
        wrong = f"A request holds at most {most} files" if most else "This request cannot be understood"
        return JsonResponse({"detail": f"{wrong}. Nothing was changed."}, status=400)
    if most:
        return render(request, "400.html", {"most": most}, status=400)
    return render(request, "400.html", {"reason": _reason(exception)}, status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _is_api(request):
        return JsonResponse({"detail": "You may not do this. Nothing was changed."}, status=403)
    return defaults.permission_denied(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 503 if the database was busy or away, else 500; Django has logged, or will log, the error."""
    if reason := unavailable(sys.exc_info()[1]):
        return _try_again(request, reason)
    if _is_api(request):
        return JsonResponse({"detail": "The server failed. It has logged the error; try again later."}, status=500)
    # With the request, which knows the nonce of its styles, but with no context processor, which may be what failed.
    return HttpResponseServerError(get_template("500.html").render({"request": request}))


def _try_again(request: HttpRequest, reason: Unavailable) -> HttpResponse:
    if _is_api(request):
        answer: HttpResponse = JsonResponse({"detail": f"{reason.happened} {reason.advice}"}, status=503)
    else:
        context = {"request": request, "reason": reason, "number": logged_name()}
        answer = HttpResponse(get_template("503.html").render(context), status=503)
    answer["Retry-After"] = str(reason.retry_after)
    return answer


def _reason(exception: Exception) -> str:
    """Return what the error says if that is written for people; other texts are for developers."""
    reason = message_of(exception)
    return reason if isinstance(reason, Message) else ""


def _is_api(request: HttpRequest) -> bool:
    return request.path_info.startswith("/api/")
