"""Statistics, one's own and shared, and the certificate."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from webapp.archive.models import Survey
from webapp.community.activity import effort_in_words, effort_of
from webapp.community.discoveries import discoveries_of
from webapp.community.person import account_page, profile_of
from webapp.community.statistics import asked_step, asked_zone, public_statistics, statistics_of_self
from webapp.volunteers.identity import account_volunteer, reader_of


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
    own = statistics_of_self(volunteer, asked_step(request), asked_zone(request))
    effort = effort_of(volunteer) if volunteer else None
    page = {
        **own.context(),
        "effort": effort if effort and effort.answers else None,
        "spent": effort_in_words(effort.spent) if effort else "",
        "discoveries": discoveries_of(volunteer, request.user).values("subject").distinct().count() if volunteer else 0,
        "range_form": RangeForm(),
    }
    return render(request, "community/statistics.html", page)


@require_safe
def statistics_csv(request: HttpRequest) -> HttpResponseBase:
    return statistics_of_self(reader_of(request), asked_step(request), asked_zone(request)).csv("my-statistics")


@require_safe
def shared_statistics(request: HttpRequest, slug: str = "") -> HttpResponse:
    """Show what everybody did, on the whole site or in a survey."""
    survey = get_object_or_404(Survey, slug=slug) if slug else None
    page = public_statistics(survey, asked_step(request)).context()
    return render(request, "community/shared_statistics.html", {"survey": survey, **page})


@require_safe
def shared_statistics_csv(request: HttpRequest, slug: str = "") -> HttpResponseBase:
    survey = get_object_or_404(Survey, slug=slug) if slug else None
    return public_statistics(survey, asked_step(request)).csv(f"{slug or 'site'}-statistics")


@require_safe
@account_page
def certificate(request: HttpRequest, user: User) -> HttpResponseBase:
    form = RangeForm(request.GET)
    if not form.is_valid():
        return render(request, "community/certificate.html", {"range_form": form}, status=400)
    effort = effort_of(account_volunteer(user), **form.cleaned_data)
    if effort.first is None or effort.last is None:
        return render(request, "community/certificate.html", {"range_form": form, "is_empty": True}, status=404)
    from webapp.community.certificate import Certificate, to_pdf  # only now: its library is slow to import

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
