"""Review page: disagreements between volunteers and champion, and rulings on them."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from webapp.archive.access import person, survey_page
from webapp.archive.models import Subject, Survey
from webapp.archive.models.survey import Role
from webapp.learning.promotion import champion_of
from webapp.learning.roles import classes_of, role_of
from webapp.review.disagreements import disagreements
from webapp.review.keyset_pagination import Place
from webapp.review.models import Ruling
from webapp.review.rulings import AlreadyWithdrawn, rule, withdraw_ruling
from webapp.review.views.disagreement_filters import filters_of, reviewable
from webapp.workflows.models import Workflow

PER_PAGE = 25


@require_safe
@survey_page(Role.SCIENTIST)
def desk(request: HttpRequest, survey: Survey) -> HttpResponse:
    filters = filters_of(survey, request.GET)
    rows, page = filters.rows(), filters.page(PER_PAGE)
    found = rows.in_bulk(page.keys)
    context = {
        "survey": survey,
        "workflow": filters.workflow,
        "form": filters.form,
        "state": filters.chosen["state"],
        "champion": champion_of(survey, role_of(filters.workflow)) if filters.workflow else None,
        "rows": [found[pk] for pk in page.keys if pk in found],
        "total": rows.count(),
        "previous": _going_on(request.GET, "before", page.before),
        "next": _going_on(request.GET, "after", page.after),
        "back": request.GET.urlencode(),
        **_classes(survey),
    }
    return render(request, "review/disagreements.html", context)


def _going_on(asked: QueryDict, way: str, place: Place | None) -> str:
    query = asked.copy()
    for name in ("after", "before"):
        query.pop(name, None)
    if place is None:
        return ""
    query[way] = str(place)
    return query.urlencode()


@require_POST
@survey_page(Role.SCIENTIST)
def give_verdict(request: HttpRequest, survey: Survey, workflow: str, pk: int) -> HttpResponse:
    of, subject = _asked(survey, workflow, pk)
    label = request.POST.get("label", "")
    verdict = request.POST.get("verdict") or classes_of(survey).answer(label)
    note = request.POST.get("note", "").strip()
    try:
        rule(subject=subject, workflow=of, scientist=person(request), verdict=verdict, label=label, note=note)
    except ValidationError as error:
        return _answer(request, survey, of, pk, " ".join(error.messages))
    return _answer(request, survey, of, pk)


@require_POST
@survey_page(Role.SCIENTIST)
def withdraw(request: HttpRequest, survey: Survey, workflow: str, pk: int) -> HttpResponse:
    of, _ = _asked(survey, workflow, pk)
    ruling = Ruling.objects.filter(subject=pk, workflow=of, withdrawn_at=None).first()
    try:
        if ruling is not None:
            withdraw_ruling(ruling=ruling)
    except AlreadyWithdrawn as error:
        return _answer(request, survey, of, pk, str(error))
    return _answer(request, survey, of, pk)


def _asked(survey: Survey, workflow: str, pk: int) -> tuple[Workflow, Subject]:
    of = get_object_or_404(reviewable(survey), slug=workflow)
    return of, get_object_or_404(Subject, survey=survey, pk=pk)


def _answer(request: HttpRequest, survey: Survey, workflow: Workflow, pk: int, problem: str = "") -> HttpResponse:
    """Answer with the subject's row as it is now; a browser without scripts goes back to the list."""
    back = request.POST.get("back", "")
    if not request.headers.get("HX-Request"):
        if problem:
            messages.error(request, problem)
        return redirect(f"{reverse('review', args=[survey.slug])}?{back}")
    row = disagreements(workflow, state="all", least_gap=0).filter(subject=pk).first()
    if row is None:  # its votes or scores went away meanwhile: so does its row
        return HttpResponse()
    context = {"survey": survey, "workflow": workflow, "row": row, "back": back, "problem": problem}
    return render(request, "review/row.html", context | _classes(survey))


def _classes(survey: Survey) -> dict[str, Any]:
    """Return the fine classes that a verdict may name, by side; none where the survey has only yes and no."""
    classes = classes_of(survey)
    if not survey.classes:
        return {"real": (), "bogus": ()}
    return {"real": classes.positive, "bogus": classes.negative}
