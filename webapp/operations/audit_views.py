"""The audit log: what administrators did, searchable, and as CSV."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from webapp.archive.access import person, site_admin_page
from webapp.archive.audit import record_reading
from webapp.archive.models import AuditEntry, Survey
from webapp.core.csv_writer import csv_response, moment

SIZE = 100
HEADER = ("time", "user", "survey", "act", "address", "fields", "status")


class AuditForm(forms.Form):
    """What to look for; an unknown name finds nothing."""

    user = forms.CharField(required=False, max_length=150, label=_("Who"))
    survey = forms.ModelChoiceField(
        Survey.objects.all(), required=False, empty_label=_("any"), to_field_name="slug", label=_("Survey")
    )
    act = forms.CharField(required=False, max_length=100, label=_("What"))

    def rows(self) -> QuerySet[AuditEntry]:
        """Return the entries looked for; none for an invalid search."""
        if not self.is_valid():
            return AuditEntry.objects.none()
        columns = {"user": "user__username", "survey": "survey", "act": "act__icontains"}
        wanted = {columns[name]: value for name, value in self.cleaned_data.items() if value}
        return AuditEntry.objects.filter(**wanted)


@require_safe
@site_admin_page
def audit_log(request: HttpRequest) -> HttpResponseBase:
    form = AuditForm(request.GET)
    rows = form.rows()
    if "csv" in request.GET:
        record_reading(request, person(request))
        return csv_response("audit-log.csv", HEADER, _lines(rows))
    page = Paginator(rows.select_related("user", "survey"), SIZE).get_page(request.GET.get("page"))
    return render(request, "operations/audit_log.html", {"form": form, "page": page})


def _lines(rows: QuerySet[AuditEntry]) -> Iterator[tuple[Any, ...]]:
    for row in rows.select_related("user", "survey").iterator():
        fields = "; ".join(f"{name}={value}" for name, value in row.fields.items())
        yield moment(row.created_at), row.user, row.survey, row.act, row.address, fields, row.status
