"""Record every administrative act before it happens, and the site's answer after it."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponseBase
from django.utils.datastructures import MultiValueDict

from webapp.archive.models import AuditEntry, Survey

SAFE = ("GET", "HEAD", "OPTIONS")
SECRET = re.compile(r"pass|secret|token|credential|key$", re.IGNORECASE)
CSRF_FIELD = "csrfmiddlewaretoken"
MOST_FIELDS, LONGEST = 50, 200
ENTRY = "audit_entry"
Answer = Callable[[HttpRequest], HttpResponseBase]


def record_act(request: Any, user: User, survey: Survey | None = None) -> None:
    """Record that `user` may do what the request asks for, once per request; reads are not recorded.

    Parameters
    ----------
    request
        Django's, or the REST framework's around it.
    user
        Who holds the role of an admin.
    survey
        The one concerned; None for the site.
    """
    inner: HttpRequest = getattr(request, "_request", request)
    if inner.method in SAFE or hasattr(inner, ENTRY):
        return
    match = inner.resolver_match
    entry = AuditEntry.objects.create(
        user=user,
        survey=survey,
        act=(match.url_name if match else None) or "",
        address=_storable(inner.path)[: AuditEntry._meta.get_field("address").max_length],
        fields=_shortened(request.data) if inner is not request else _shortened(inner.POST) | _shortened(inner.FILES),
    )
    setattr(inner, ENTRY, entry)


def record_job(user: User | None, survey: Survey, act: str, **figures: int) -> None:
    """Record what a job has done for an admin, or by a survey's own rule."""
    AuditEntry.objects.create(user=user, survey=survey, act=act, fields=figures)


def _shortened(sent: Any) -> dict[str, Any]:
    if isinstance(sent, MultiValueDict):
        sent = {name: values if len(values) > 1 else values[0] for name, values in sent.lists() if values}
    if not isinstance(sent, Mapping):
        sent = {"": sent}
    fields = [(name, value) for name, value in sent.items() if name != CSRF_FIELD]
    return {_storable(name)[:LONGEST]: _value(str(name), value) for name, value in fields[:MOST_FIELDS]}


def _value(name: str, value: Any) -> str:
    return "…" if SECRET.search(name) else _storable(value)[:LONGEST]


def _storable(value: Any) -> str:
    """Return text without what PostgreSQL refuses: NUL and lone surrogates."""
    return str(value).encode(errors="replace").decode().replace("\0", "")


def audit_outcome(get_response: Answer) -> Answer:
    """Add the status of the answer to the request's entry."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if entry := getattr(request, ENTRY, None):
            AuditEntry.objects.filter(pk=entry.pk).update(status=response.status_code)
        return response

    return answer
