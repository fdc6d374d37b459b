"""Statistics page and certificate."""

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django import forms
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from webapp.community.activity import TRUNCATE, Certificate, answers_by, effort_in_words, effort_of, to_pdf
from webapp.community.person import account_page, profile_of
from webapp.volunteers.identity import account_volunteer, reader_of

STEPS = [("hour", _("by hour")), ("day", _("by day")), ("week", _("by week"))]
FORMATS = {"hour": "D H:i", "day": "j M", "week": "j M"}


def _has_come(day: date) -> None:
    """Refuse a day that has not begun anywhere: far in the east it is already tomorrow."""
    if day > timezone.now().date() + timedelta(days=1):
        raise ValidationError(gettext_lazy("This day is in the future."))


class RangeForm(forms.Form):
    """The period of a certificate; both days are optional."""

    since = forms.DateField(
        label=gettext_lazy("From"), required=False, widget=forms.DateInput({"type": "date"}), validators=[_has_come]
    )
    until = forms.DateField(
        label=gettext_lazy("To"), required=False, widget=forms.DateInput({"type": "date"}), validators=[_has_come]
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and since > until:
            raise ValidationError({"until": gettext_lazy("The last day must not be before the first.")})
        return cleaned


@require_safe
def statistics(request: HttpRequest) -> HttpResponse:
    """Show one's activity. The URL has the step and the time zone; UTC by default."""
    volunteer = reader_of(request)
    step = request.GET.get("by", "day")
    step = step if step in TRUNCATE else "day"
    zone = _zone(request)
    rows = answers_by(volunteer, step, zone) if volunteer else []
    effort = effort_of(volunteer) if volunteer else None
    labels = [date_format(start, FORMATS[step]) for start, _n in rows]
    page = {
        "step": step,
        "steps": STEPS,
        "zone": zone.key,
        "effort": effort if effort and effort.answers else None,
        "spent": effort_in_words(effort.spent) if effort else "",
        "rows": [(label, n) for label, (_start, n) in zip(labels, rows, strict=True)][::-1],
        "plot": {"labels": labels, "counts": [n for _start, n in rows]},
        "range_form": RangeForm(),
    }
    return render(request, "community/statistics.html", page)


@require_safe
@account_page
def certificate(request: HttpRequest, user: User) -> HttpResponseBase:
    form = RangeForm(request.GET)
    if not form.is_valid():
        return render(request, "community/certificate.html", {"range_form": form}, status=400)
    effort = effort_of(account_volunteer(user), **form.cleaned_data)
    if effort.first is None or effort.last is None:
        return render(request, "community/certificate.html", {"range_form": form, "is_empty": True}, status=404)
    sheet = Certificate(
        name=profile_of(user).display_name or user.get_username(),
        effort=effort,
        since=form.cleaned_data["since"] or effort.first.date(),
        until=form.cleaned_data["until"] or effort.last.date(),
        site=request.get_host(),
        issued=timezone.now().date(),
    )
    headers = {"Content-Disposition": 'attachment; filename="wanderers-certificate.pdf"', "Cache-Control": "no-store"}
    return HttpResponse(to_pdf(sheet), content_type="application/pdf", headers=headers)


def _zone(request: HttpRequest) -> ZoneInfo:
    name = request.GET.get("zone", "")
    return ZoneInfo(name if name in available_timezones() else "UTC")
