"""Two addresses for machines: is the process alive, and is the site well? For `up`, load balancers and monitors.

They are answered before anything else looks at the request: who asks calls the site by its address rather than by one
of its names, and without HTTPS.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase, JsonResponse

from webapp.health.parts import look


class HealthMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info == "/health/live/":
            return JsonResponse({"status": "ok"})
        if request.path_info == "/health/":
            return _health()
        return self.get_response(request)


def _health() -> JsonResponse:
    """Answer 200 when every part of the site is well, else 503; either way say how each is."""
    parts = look()
    ill = [sentence for sentence in parts.values() if sentence != "ok"]
    answer = JsonResponse({"status": " ".join(ill) or "ok", "parts": parts}, status=503 if ill else 200)
    answer["Cache-Control"] = "no-store"
    return answer
