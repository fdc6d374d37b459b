"""Writes of the desk: verdicts, second opinions and cases, on one subject; each answers with its panel."""

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import trigger_client_event

from webapp.archive.access import person, subject_of, survey_page
from webapp.archive.models import Role, Subject, Survey
from webapp.core.fragments import fragment_of
from webapp.core.return_address import return_address
from webapp.learning.model_roles import classes_of
from webapp.review.cases import change_case
from webapp.review.opinions import ask_second_opinion, give_verdict, withdraw_verdict
from webapp.review.queue_form import reviewable
from webapp.review.rulings import AlreadyWithdrawn
from webapp.review.verdict_history import history_of
from webapp.review.verdict_panel import panel_context, panel_of
from webapp.workflows.models import Workflow

Act = Callable[[Workflow, Subject], object]


@require_POST
@survey_page(Role.SCIENTIST)
def give(request: HttpRequest, survey: Survey, workflow: str, pk: int) -> HttpResponse:
    """Rule, give a second opinion on a colleague's ruling, or overrule it."""
    verdict, label, note = verdict_in(request, survey)
    overrules = request.POST.get("overrules") == "1"

    def act(of: Workflow, subject: Subject) -> object:
        return give_verdict(
            subject=subject, workflow=of, scientist=person(request), verdict=verdict, label=label, note=note,
            overrules=overrules,
        )  # fmt: skip

    return _act(request, survey, workflow, pk, act)


@require_POST
@survey_page(Role.SCIENTIST)
def withdraw(request: HttpRequest, survey: Survey, workflow: str, pk: int) -> HttpResponse:
    """Withdraw one's own second opinion or ruling, or undo it; asked twice, it takes nothing from a colleague."""
    is_undo = request.POST.get("undo") == "1"

    def act(of: Workflow, subject: Subject) -> None:
        withdraw_verdict(subject=subject, workflow=of, scientist=person(request), is_undo=is_undo)

    return _act(request, survey, workflow, pk, act)


@require_POST
@survey_page(Role.SCIENTIST)
def second_opinion(request: HttpRequest, survey: Survey, workflow: str, pk: int) -> HttpResponse:
    """Ask for a second opinion, or no longer."""
    is_wanted = request.POST.get("wanted") == "1"

    def act(of: Workflow, subject: Subject) -> None:
        ask_second_opinion(subject=subject, workflow=of, by=person(request), is_wanted=is_wanted)

    return _act(request, survey, workflow, pk, act)


@require_POST
@survey_page(Role.SCIENTIST)
def case(request: HttpRequest, survey: Survey, workflow: str, pk: int) -> HttpResponse:
    """Hold, assign, tag or note."""
    action, text = request.POST.get("action", ""), request.POST.get("text", "")

    def act(_of: Workflow, subject: Subject) -> object:
        return change_case(subject=subject, by=person(request), action=action, text=text)

    return _act(request, survey, workflow, pk, act)


@require_safe
@survey_page(Role.SCIENTIST)
@fragment_of("subject-votes", "pk")
def history(request: HttpRequest, survey: Survey, workflow: str, pk: int) -> HttpResponse:
    """Return the history as a fragment."""
    of, subject = _asked(survey, workflow, pk)
    return render(request, "review/history.html", {"history": history_of(of, subject)})


def verdict_in(request: HttpRequest, survey: Survey) -> tuple[str, str, str]:
    """Return verdict, fine class and note; a class alone tells its verdict."""
    label = request.POST.get("label", "")
    verdict = request.POST.get("verdict") or classes_of(survey).answer(label)
    return verdict, label, request.POST.get("note", "").replace("\0", "").strip()


def _asked(survey: Survey, workflow: str, pk: int) -> tuple[Workflow, Subject]:
    of = get_object_or_404(reviewable(survey), slug=workflow)
    return of, subject_of(survey, pk)


def _act(request: HttpRequest, survey: Survey, workflow: str, pk: int, act: Act) -> HttpResponse:
    """Act, and return the subject's updated panel; browsers without scripts are redirected to where they were.

    Pages hear of it by the event `judged`, and bring up to date what else they say of the subject and its queue.
    """
    of, subject = _asked(survey, workflow, pk)
    problem = ""
    try:
        act(of, subject)
    except (ValidationError, AlreadyWithdrawn) as error:
        problem = " ".join(error.messages) if isinstance(error, ValidationError) else str(error)
    if request.headers.get("HX-Request"):
        is_open = request.POST.get("is_open") == "1"
        context = {"panel": panel_of(of, subject, person(request)), "problem": problem, "is_open": is_open}
        context |= {"is_folded": not is_open, **panel_context(survey)}
        return trigger_client_event(render(request, "review/verdict_panel.html", context), "judged")
    if problem:
        messages.error(request, problem)
    return redirect(return_address(request, reverse("review", args=[survey.slug])))
