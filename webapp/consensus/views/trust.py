"""The scientists' page about answers given without looking: the signs of it, and what is to be made of them."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from webapp.archive.access import person, survey_page
from webapp.archive.models import Survey
from webapp.archive.models.survey import Role
from webapp.consensus.models import FlagState, TrustFlag, TrustScan
from webapp.consensus.trust import decide, start_scan
from webapp.consensus.trust_words import evidence_of, title_of
from webapp.volunteers.models import Workflow

SHOWN = 100
SAID = {
    FlagState.CONFIRMED: gettext_lazy("Confirmed: the answers of %(volunteer)s weigh nothing."),
    FlagState.DISMISSED: gettext_lazy("Dismissed. With no other flag, the answers of %(volunteer)s weigh again."),
    FlagState.OPEN: gettext_lazy("The flag of %(volunteer)s is open again, and the answers weigh nothing."),
}


@require_safe
@survey_page(Role.SCIENTIST)
def trust(request: HttpRequest, survey: Survey) -> HttpResponse:
    rows = [_row(each) for each in survey.workflows.order_by("name")]
    return render(request, "consensus/trust.html", {"survey": survey, "rows": rows, "shown": SHOWN})


@require_POST
@survey_page(Role.SCIENTIST)
def trust_decide(request: HttpRequest, survey: Survey, workflow: str, pk: int) -> HttpResponse:
    flag = get_object_or_404(TrustFlag, pk=pk, workflow__survey=survey, workflow__slug=workflow)
    state = request.POST.get("state", "")
    if state not in SAID:
        raise BadRequest("state is confirmed, dismissed or open")
    row = decide(flag=flag, state=state, by=person(request))
    messages.success(request, SAID[FlagState(state)] % {"volunteer": row.volunteer})
    return redirect("trust", survey.slug)


@require_POST
@survey_page(Role.SCIENTIST)
def trust_scan(request: HttpRequest, survey: Survey, workflow: str) -> HttpResponse:
    start_scan(get_object_or_404(Workflow, survey=survey, slug=workflow), by=person(request))
    messages.success(request, _("A worker looks through the answers; what it finds will stand here."))
    return redirect("trust", survey.slug)


def _row(workflow: Workflow) -> dict[str, Any]:
    named = TrustFlag.objects.select_related("volunteer__user", "original__user", "decided_by")
    flags = named.filter(workflow=workflow)
    waiting, decided = flags.filter(state=FlagState.OPEN), flags.exclude(state=FlagState.OPEN)
    return {
        "workflow": workflow,
        "scan": TrustScan.objects.filter(workflow=workflow).first(),
        "open": [_told(flag) for flag in waiting.order_by("p", "pk")[:SHOWN]],
        "n_open": waiting.count(),
        "decided": [_told(flag) for flag in decided.order_by("-decided_at", "-seen_at")[:SHOWN]],
        "n_decided": decided.count(),
    }


def _told(flag: TrustFlag) -> dict[str, Any]:
    p = f"{flag.p:.0e}" if flag.p else "< 1e-300"
    return {"flag": flag, "title": title_of(flag), "evidence": evidence_of(flag), "p": p}
