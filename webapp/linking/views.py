"""Linking page: start a search, see what it proposes, confirm or reject it, and take that back."""

import math
from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Max, Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from ml.io.mjd import utc_of
from webapp.archive.access import person, survey_page
from webapp.archive.models import Kind, Role, Subject, Survey
from webapp.archive.observing_nights import date_of, night_begins, night_of
from webapp.core.request_values import whole_numbers
from webapp.linking.decisions import decide, reopen, start_linking
from webapp.linking.linked_objects import take_back
from webapp.linking.models import DETECTIONS, LONGEST_REASON, Decision, LinkRun, Links, Proposal, ProposalEvent

SHOWN = 100
FIRST, LAST = date(1900, 1, 1), date(2200, 1, 1)
MOST_NIGHTS = 30


class LinkForm(forms.ModelForm):
    """A search for links: which nights, and what may be one mover."""

    night = forms.DateField(
        label=gettext_lazy("Night"),
        help_text=gettext_lazy(
            "The UTC date on which it begins, as on the page of nights; of several nights, the last."
        ),
        widget=forms.DateInput({"type": "date"}),
    )
    nights = forms.IntegerField(
        label=gettext_lazy("Nights"),
        min_value=1,
        max_value=MOST_NIGHTS,
        initial=1,
        help_text=gettext_lazy("Only for tracklets, which are linked across so many nights."),
    )
    min_detections = forms.IntegerField(
        label=gettext_lazy("Detections at least"),
        min_value=DETECTIONS[0],
        max_value=DETECTIONS[1],
        initial=4,
        help_text=gettext_lazy("3 to 8. With 3, about one link in six is a chance alignment."),
    )

    class Meta:
        model = LinkRun
        fields = ("links", "position_error", "min_rate", "max_rate", "min_detections", "tolerance")
        labels = {
            "links": gettext_lazy("Link"),
            "position_error": gettext_lazy("Error of a position (arcsec)"),
            "min_rate": gettext_lazy("Slowest (arcsec/h)"),
            "max_rate": gettext_lazy("Fastest (arcsec/h)"),
            "tolerance": gettext_lazy("Velocities may differ by (arcsec/h)"),
        }
        help_texts = {
            "position_error": gettext_lazy("Empty: each detection's own, or else by its S/N."),
            "min_rate": "",
            "max_rate": "",
            "tolerance": gettext_lazy(
                "Only across nights. Asteroids of the main belt differ by up to 5 within three nights, so allow that,"
                " and more for longer."
            ),
        }
        widgets = {name: forms.NumberInput({"step": "any"}) for name in ("position_error", "min_rate", "max_rate")}
        widgets |= {"tolerance": forms.NumberInput({"step": "any"})}

    field_order = ("links", "night", "nights")

    def clean_night(self) -> date:
        night: date = self.cleaned_data["night"]
        if not FIRST <= night < LAST:
            raise ValidationError(_("Choose a date from 1900 to 2199."))
        return night

    def values(self, survey: Survey) -> dict[str, Any]:
        """Return the values of a new search."""
        given = dict(self.cleaned_data)
        night, nights = given.pop("night"), given.pop("nights")
        first, last = span_of(survey, night)
        several = nights - 1 if given["links"] == Links.TRACKLETS else 0
        return {**given, "first_mjd": first - several, "last_mjd": last}


def span_of(survey: Survey, night: date) -> tuple[float, float]:
    """Return the MJDs, UTC, between which a night lies that begins on a UTC date."""
    begins = night_of(night) + night_begins(survey.pk)
    return begins, begins + 1


def suggested(survey: Survey) -> dict[str, Any]:
    """Return what the last search asked for, to be changed and asked again; the newest night if stamps came since."""
    run = LinkRun.objects.filter(survey=survey).first()
    if run is None:
        return {"night": newest_night(survey)}
    of = {name: getattr(run, name) for name in LinkForm.Meta.fields}
    last = date_of(round(run.last_mjd - night_begins(survey.pk)) - 1)
    came_since = Subject.objects.filter(survey=survey, kind=Kind.STAMP, created_at__gt=run.created_at).exists()
    night = newest_night(survey) if came_since else last
    return {**of, "night": night, "nights": round(run.last_mjd - run.first_mjd)}


def newest_night(survey: Survey) -> date | None:
    """Return the night of the newest stamp."""
    newest = Subject.objects.filter(survey=survey, kind=Kind.STAMP).aggregate(newest=Max("mjd"))["newest"]
    if newest is None:
        return None
    return date_of(math.floor(newest - night_begins(survey.pk)))


@require_safe
@survey_page(Role.SCIENTIST)
def linking(request: HttpRequest, survey: Survey) -> HttpResponse:
    return _page(request, survey, LinkForm(initial=suggested(survey)))


@require_POST
@survey_page(Role.SCIENTIST)
def linking_start(request: HttpRequest, survey: Survey) -> HttpResponse:
    form = LinkForm(request.POST)
    if not form.is_valid():
        return _page(request, survey, form, status=400)
    try:
        start_linking(survey=survey, by=person(request), **form.values(survey))
    except ValidationError as error:
        form.add_error(None, " ".join(error.messages))
        return _page(request, survey, form, status=400)
    messages.success(request, _("A worker is looking for links."))
    return redirect("linking", survey.slug)


@require_POST
@survey_page(Role.SCIENTIST)
def linking_decide(request: HttpRequest, survey: Survey) -> HttpResponse:
    chosen = whole_numbers(request.POST.getlist("proposals"))
    decision = Decision.CONFIRMED if request.POST.get("decision") == Decision.CONFIRMED else Decision.REJECTED
    try:
        count = decide(survey=survey, proposals=chosen, by=person(request), decision=decision)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("linking", survey.slug)
    if decision == Decision.CONFIRMED:
        message = ngettext("%(n)d link is confirmed.", "%(n)d links are confirmed.", count)
    else:
        message = ngettext("%(n)d link is rejected.", "%(n)d links are rejected.", count)
    messages.success(request, message % {"n": count})
    return redirect("linking", survey.slug)


@require_POST
@survey_page(Role.SCIENTIST)
def linking_reopen(request: HttpRequest, survey: Survey, pk: int) -> HttpResponse:
    if reopen(survey=survey, proposal=pk, by=person(request)):
        messages.success(request, _("The link is open again."))
    return redirect("linking", survey.slug)


@require_POST
@survey_page(Role.SCIENTIST)
def linking_take_back(request: HttpRequest, survey: Survey, pk: int) -> HttpResponse:
    try:
        take_back(survey=survey, proposal=pk, by=person(request), reason=request.POST.get("reason", ""))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, _("The link is taken back. Its tracklets are what they were before it."))
    return redirect("linking", survey.slug)


def _page(request: HttpRequest, survey: Survey, form: LinkForm, status: int = 200) -> HttpResponse:
    members = Prefetch("members", Subject.objects.order_by("mjd", "pk"))
    rows = Proposal.objects.filter(run__survey=survey).select_related("run", "subject").prefetch_related(members)
    waiting = rows.filter(decision=Decision.OPEN)
    events = Prefetch("events", ProposalEvent.objects.select_related("by"))
    decided = rows.exclude(decision=Decision.OPEN).select_related("decided_by").prefetch_related(events)
    run = LinkRun.objects.filter(survey=survey).first()
    context = {
        "survey": survey,
        "form": form,
        "run": run,
        "span": [_moment(run.first_mjd), _moment(run.last_mjd)] if run else [],
        "waiting": waiting[:SHOWN],
        "count": waiting.count(),
        "shown": SHOWN,
        "decided": Paginator(decided.order_by("-decided_at", "-pk"), SHOWN).get_page(request.GET.get("page")),
        "longest_reason": LONGEST_REASON,
        "build": survey.tracklet_builds.first(),
    }
    return render(request, "linking/linking.html", context, status=status)


def _moment(mjd: float) -> str:
    return f"{utc_of(mjd):%Y-%m-%d %H:%M}"
