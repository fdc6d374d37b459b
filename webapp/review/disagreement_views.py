"""Review page: disagreements between volunteers and champion, its filters, and rulings on them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from webapp.archive.access import person, survey_page
from webapp.archive.models import Role, Subject, Survey
from webapp.consensus.models import Consensus
from webapp.learning.model_roles import classes_of, role_of
from webapp.learning.models import Checkpoint
from webapp.learning.promotion import champion_of
from webapp.review.disagreements import column_of, disagreements
from webapp.review.keyset_pagination import Page, Place, page_of, place_in
from webapp.review.models import Ruling
from webapp.review.rulings import AlreadyWithdrawn, rule, withdraw_ruling
from webapp.workflows.models import Workflow

STATES = [("open", _("without a verdict")), ("ruled", _("ruled")), ("all", _("all"))]
WAYS = [
    ("", _("either direction")),
    ("crowd-yes", _("volunteers say yes, model no")),
    ("crowd-no", _("volunteers say no, model yes")),
]
SORTS = [
    ("-gap", _("largest disagreement")),
    ("-votes", _("most votes")),
    ("-updated_at", _("newest")),
    ("-p_real", _("most likely yes")),
]
KIND = {"votes": int, "updated_at": datetime}  # sort columns with text; the others are numbers
AT_FIRST = {"state": "open", "way": "", "min_votes": 0, "sort": "-gap"}


class FilterForm(forms.Form):
    """The filters as a form."""

    workflow = forms.ModelChoiceField(
        Workflow.objects.none(), required=False, label=_("Workflow"), to_field_name="slug", empty_label=None
    )
    state = forms.ChoiceField(choices=STATES, required=False, label=_("State"))
    way = forms.ChoiceField(choices=WAYS, required=False, label=_("Direction of disagreement"))
    min_votes = forms.IntegerField(min_value=0, max_value=100, required=False, label=_("Votes, at least"))
    sort = forms.ChoiceField(choices=SORTS, required=False, label=_("Sort by"))

    def __init__(self, workflows: QuerySet[Workflow], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["workflow"].queryset = workflows  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Filters:
    workflow: Workflow | None
    chosen: dict[str, Any]
    form: FilterForm
    place: Place | None

    def rows(self) -> QuerySet[Consensus]:
        return disagreements(self.workflow, **self.chosen) if self.workflow else Consensus.objects.none()

    def page(self, size: int) -> Page:
        """Return the requested page, or the first one if nothing is left there.

        It continues from a row and not from a number, since rows that were ruled on meanwhile are gone from the list.
        """
        rows, by = self.rows(), column_of(self.chosen["sort"])
        if rows.query.is_empty():  # no champion to disagree with
            return Page([], None, None)
        page = page_of(rows, by=by, place=self.place, size=size)
        return page if page.keys or not self.place else page_of(rows, by=by, place=None, size=size)


def filters_of(survey: Survey, query: Any) -> Filters:
    """Parse the filters from a URL's query."""
    workflows = reviewable(survey)
    asked = FilterForm(workflows, query)
    asked.is_valid()
    cleaned = asked.cleaned_data
    workflow = cleaned.get("workflow") or _first(survey, workflows)
    chosen: dict[str, Any] = {name: cleaned.get(name) or default for name, default in AT_FIRST.items()}
    form = FilterForm(workflows, initial={**chosen, "workflow": workflow.slug if workflow else None})
    kind = KIND.get(chosen["sort"].removeprefix("-"), float)
    return Filters(workflow, chosen, form, place_in(query, kind=kind))


def _first(survey: Survey, workflows: QuerySet[Workflow]) -> Workflow | None:
    """Return the first workflow with a champion, or else the first."""
    kinds = [checkpoint.kind for checkpoint in Checkpoint.objects.filter(survey=survey, is_champion=True)]
    return workflows.filter(kind__in=kinds).first() or workflows.first()


def reviewable(survey: Survey) -> QuerySet[Workflow]:
    """Return the survey's workflows that a model can score."""
    return Workflow.objects.filter(survey=survey).select_related("survey").order_by("name")


PER_PAGE = 25


@require_safe
@survey_page(Role.SCIENTIST)
def desk(request: HttpRequest, survey: Survey) -> HttpResponse:
    filters = filters_of(survey, request.GET)
    rows, page = filters.rows(), filters.page(PER_PAGE)
    by_key = rows.in_bulk(page.keys)
    context = {
        "survey": survey,
        "workflow": filters.workflow,
        "form": filters.form,
        "state": filters.chosen["state"],
        "champion": champion_of(survey, role_of(filters.workflow)) if filters.workflow else None,
        "rows": [by_key[pk] for pk in page.keys if pk in by_key],
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
    """Return the subject's updated row; browsers without scripts are redirected to the list."""
    back = request.POST.get("back", "")
    if not request.headers.get("HX-Request"):
        if problem:
            messages.error(request, problem)
        return redirect(f"{reverse('review', args=[survey.slug])}?{back}")
    row = disagreements(workflow, state="all", least_gap=0).filter(subject=pk).first()
    if row is None:  # its votes or scores are gone, so remove its row
        return HttpResponse()
    context = {"survey": survey, "workflow": workflow, "row": row, "back": back, "problem": problem}
    return render(request, "review/row.html", context | _classes(survey))


def _classes(survey: Survey) -> dict[str, Any]:
    """Return the fine classes for a verdict, by side; none if the survey has only yes and no."""
    classes = classes_of(survey)
    if not survey.classes:
        return {"real": (), "bogus": ()}
    return {"real": classes.positive, "bogus": classes.negative}
