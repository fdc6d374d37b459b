"""Parts of pages that htmx asks for: whoever opens the address of one gets the page around it."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.cache import patch_vary_headers

View = Callable[..., HttpResponseBase]


def fragment_of(page: str, *arguments: str) -> Callable[[View], View]:
    """Answer with the fragment only to htmx; redirect a browser that opens its address to the survey's page.

    The page's further arguments, by name, and the query are those of the request. Guards of access come before it.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            is_htmx = request.headers.get("HX-Request")
            response = view(request, *args, **kwargs) if is_htmx else redirect(_around(request, page, arguments))
            patch_vary_headers(response, ["HX-Request"])
            return response

        return answer

    return decorate


def _around(request: HttpRequest, page: str, arguments: tuple[str, ...]) -> str:
    given = request.resolver_match.kwargs if request.resolver_match else {}
    address = reverse(page, kwargs={name: given[name] for name in ("slug", *arguments)})
    query = request.GET.urlencode()
    return f"{address}?{query}" if query else address
