"""Record administrative acts, and looks at personal data, before they happen, and the site's answer after them."""

import re
from collections.abc import Callable, Mapping
from functools import reduce
from operator import or_
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.urls import resolve, reverse
from django.utils.datastructures import MultiValueDict

from webapp.archive.models import AuditEntry, Survey

SAFE = ("GET", "HEAD", "OPTIONS")
SECRET = re.compile(r"pass|secret|token|credential|key$", re.IGNORECASE)
SECRET_PARTS = re.compile(r"(?<=//)[^/?#]*@|[?#].*", re.DOTALL)
"""The parts of an address elsewhere that may contain a password or key."""
CSRF_FIELD = "csrfmiddlewaretoken"
MOST_FIELDS, LONGEST = 50, 200
ENTRY = "audit_entry"
COMMAND = "manage.py "
Answer = Callable[[HttpRequest], HttpResponseBase]


def record_act(request: Any, user: User, survey: Survey | None = None) -> None:
    """Record that `user` may do what the request asks for, once per request; of reads see `record_reading`.

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
    sent = _shortened(request.data) if inner is not request else _shortened(inner.POST) | _shortened(inner.FILES)
    _record(inner, user, survey, sent)


def record_reading(request: HttpRequest, user: User) -> None:
    """Record that an administrator of the site reads what is personal, but not the words that they search for."""
    if not hasattr(request, ENTRY):
        _record(request, user, None, {})


def _record(request: HttpRequest, user: User, survey: Survey | None, sent: dict[str, Any]) -> None:
    entry = AuditEntry.objects.create(
        user=user,
        survey=survey,
        act=resolve(request.path_info).url_name or "",  # of a request sent again, resolver_match is the password's page
        address=_storable(request.path)[: AuditEntry._meta.get_field("address").max_length],
        fields=sent,
    )
    setattr(request, ENTRY, entry)


def record_job(user: User | None, survey: Survey, act: str, **figures: int) -> None:
    """Record what a job has done for an admin, or by a survey's own rule."""
    AuditEntry.objects.create(user=user, survey=survey, act=act, fields=figures)


def record_command(name: str, asked: Mapping[str, Any], *, by: str, outcome: str | int) -> None:
    """Record a command that somebody ran on the server, and how it ended: an exit status, or an exception's name."""
    told = {
        field: SECRET_PARTS.sub("", value) if "://" in value else value for field, value in _shortened(asked).items()
    }
    fields = told | {"system_user": _storable(by)[:LONGEST], "ended": str(outcome)}
    AuditEntry.objects.create(act=f"{COMMAND}{name}"[:100], fields=fields)


def acts_about(user: User) -> QuerySet[AuditEntry]:
    """Return the acts that name an account by its user name or a confirmed address, or were sent to its own pages."""
    roles = user.memberships.values_list("survey__slug", "pk")
    pages = [reverse("site-user", args=[user.pk]), *(reverse("member-change", args=role) for role in roles)]
    about = reduce(or_, (Q(address__startswith=page) for page in pages))
    for field, names in _names(user).items():
        about |= reduce(or_, (Q(**{f"fields__{field}__iexact": name}) for name in names), Q())
    return AuditEntry.objects.filter(about)


def rename_in_audit_log(user: User, name: str) -> None:
    """Put another name in the place of an account's user name and addresses; what was done stays."""
    for field, names in _names(user).items():
        for known in names:
            for entry in AuditEntry.objects.filter(**{f"fields__{field}__iexact": known}):
                entry.fields[field] = name
                entry.save(update_fields=["fields"])


def _names(user: User) -> dict[str, list[str]]:
    """Return by which names the fields of entries can name an account, as they are stored."""
    emails = EmailAddress.objects.filter(user=user, verified=True).values_list("email", flat=True)
    return {"username": [user.get_username()], "email": [email[:LONGEST] for email in emails]}


def _shortened(sent: Any) -> dict[str, Any]:
    if isinstance(sent, MultiValueDict):
        sent = {name: values if len(values) > 1 else values[0] for name, values in sent.lists() if values}
    if not isinstance(sent, Mapping):
        sent = {"": sent}
    fields = [(name, value) for name, value in sent.items() if name != CSRF_FIELD]
    return {_storable(name)[:LONGEST]: _value(str(name), value) for name, value in fields[:MOST_FIELDS]}


def _value(name: str, value: Any) -> str:
    if SECRET.search(name):
        return "…"
    text = _storable(", ".join(map(str, value)) if isinstance(value, list) else value).strip()
    return (SECRET_PARTS.sub("", text) if name == "address" else text)[:LONGEST]


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
