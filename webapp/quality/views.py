"""Quality page for scientists: flags with their evidence, and decisions."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.formats import localize
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from ml.crowd.quality.flag import CHANCE, CONSTANT, COPY, SPEED
from webapp.archive.access import person, survey_page
from webapp.archive.models import Role, Survey
from webapp.classifications.presentation import PRESENTATIONS
from webapp.quality.models import FlagState, QualityFlag, QualityScan
from webapp.quality.quality_scan import decide, start_scan
from webapp.workflows.models import Workflow
from webapp.workflows.workflow_page import workflow_page

TITLES = {
    SPEED: gettext_lazy("Too fast to have looked"),
    CONSTANT: gettext_lazy("Always the same answer"),
    CHANCE: gettext_lazy("No better than chance"),
    COPY: gettext_lazy("Copies another volunteer"),
}
WORDS = {
    SPEED: gettext_lazy("The median of %(n)s answers took %(median)s seconds; looking takes at least %(limit)s."),
    CONSTANT: gettext_lazy(
        "%(same)s of %(n)s answers are “%(answer)s”; others gave it for %(expected)s in 100 of these subjects."
    ),
    CHANCE: gettext_lazy(
        "%(right)s of %(n)s gold subjects answered correctly: %(accuracy)s in 100 (%(low)s to "
        "%(high)s), no better than chance."
    ),
    COPY: gettext_lazy(
        "%(same)s of %(n)s answers match another volunteer's within %(window)s seconds; %(wrong)s of them "
        "contradict everybody else."
    ),
}


def title_of(flag: QualityFlag) -> str:
    return str(TITLES[flag.kind])


def evidence_sentence(flag: QualityFlag) -> str:
    """Return the evidence as one sentence."""
    numbers = {name: localize(value) for name, value in flag.numbers.items()}
    if "answer" in numbers:
        numbers["answer"] = str(PRESENTATIONS[numbers["answer"]].name)
    return str(WORDS[flag.kind]) % numbers


SHOWN = 100
DECIDED = {
    FlagState.CONFIRMED: gettext_lazy("Confirmed: votes by %(volunteer)s don't count."),
    FlagState.DISMISSED: gettext_lazy("Dismissed. Votes by %(volunteer)s count again unless another flag is open."),
    FlagState.OPEN: gettext_lazy("The flag on %(volunteer)s is open again. Their votes don't count."),
}


@require_safe
@survey_page(Role.SCIENTIST)
def quality_control(request: HttpRequest, survey: Survey) -> HttpResponse:
    rows = [_row(each) for each in survey.workflows.order_by("name")]
    return render(request, "quality/flags.html", {"survey": survey, "rows": rows, "shown": SHOWN})


@require_POST
@survey_page(Role.SCIENTIST)
def decide_flag(request: HttpRequest, survey: Survey, workflow: str, pk: int) -> HttpResponse:
    flag = get_object_or_404(QualityFlag, pk=pk, workflow__survey=survey, workflow__slug=workflow)
    state = request.POST.get("state", "")
    if state not in DECIDED:
        raise BadRequest("state is confirmed, dismissed or open")
    try:
        row = decide(flag=flag, state=state, by=person(request))
    except QualityFlag.DoesNotExist as gone:
        raise Http404 from gone
    messages.success(request, DECIDED[FlagState(state)] % {"volunteer": row.volunteer})
    return redirect("quality-control", survey.slug)


@require_POST
@workflow_page(Role.SCIENTIST)
def scan_now(request: HttpRequest, workflow: Workflow) -> HttpResponse:
    start_scan(workflow, by=person(request))
    messages.success(request, _("A worker is scanning the classifications; flags appear here."))
    return redirect("quality-control", workflow.survey.slug)


def _row(workflow: Workflow) -> dict[str, Any]:
    named = QualityFlag.objects.select_related("volunteer__user", "original__user", "decided_by")
    flags = named.filter(workflow=workflow)
    waiting, decided = flags.filter(state=FlagState.OPEN), flags.exclude(state=FlagState.OPEN)
    return {
        "workflow": workflow,
        "scan": QualityScan.objects.filter(workflow=workflow).first(),
        "open": [_flag_row(flag) for flag in waiting.order_by("p", "pk")[:SHOWN]],
        "n_open": waiting.count(),
        "decided": [_flag_row(flag) for flag in decided.order_by("-decided_at", "-seen_at")[:SHOWN]],
        "n_decided": decided.count(),
    }


def _flag_row(flag: QualityFlag) -> dict[str, Any]:
    p = f"{flag.p:.0e}" if flag.p else "< 1e-300"
    return {"flag": flag, "title": title_of(flag), "evidence": evidence_sentence(flag), "p": p}
