"""Rate and latency of requests by view, for Prometheus; counted only if METRICS_TOKEN is set.

Each web process counts in a file of its own, and whichever process answers the scrape sums them: the client's
multiprocess mode, in the folder that `webapp.core.environment.metrics_token` names. Each web node is a target.
"""

import os
import time
from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponseBase
from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.multiprocess import MultiProcessCollector

SECONDS = Histogram(
    "wanderers_request_seconds",
    "Time to answer a request, without the time to send a streamed response.",
    ["view", "method", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
    registry=None,
)


def measure(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: count and time each request under its view's name, not its address, of which there are millions."""
    if not settings.METRICS_TOKEN:
        raise MiddlewareNotUsed

    def answer(request: HttpRequest) -> HttpResponseBase:
        began = time.perf_counter()
        response = get_response(request)
        view = request.resolver_match.view_name if request.resolver_match else "none"
        SECONDS.labels(view, request.method, _status(response)).observe(time.perf_counter() - began)
        return response

    return answer


def _status(response: HttpResponseBase) -> str:
    """Return the class of a status, such as 4xx; 429 by itself, since many of them mean that somebody asks too much."""
    code = response.status_code
    return "429" if code == HTTPStatus.TOO_MANY_REQUESTS else f"{code // 100}xx"


def register(registry: CollectorRegistry) -> None:
    """Add the sums of all processes, or this process's counts alone where no folder is set."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        MultiProcessCollector(registry)
    else:
        registry.register(SECONDS)
