"""Filters of the review page, read from its address."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from webapp.archive.models import Survey
from webapp.consensus.models import Consensus
from webapp.learning.models import Checkpoint
from webapp.review.disagreements import column_of, disagreements
from webapp.review.keyset_pagination import Page, Place, page_of, place_in
from webapp.workflows.models import Workflow

STATES = [("open", _("waiting for a verdict")), ("ruled", _("ruled")), ("all", _("all"))]
WAYS = [
    ("", _("either way")),
    ("crowd-yes", _("volunteers say yes, model no")),
    ("crowd-no", _("volunteers say no, model yes")),
]
SORTS = [
    ("-gap", _("widest apart")),
    ("-votes", _("most votes")),
    ("-updated_at", _("newest")),
    ("-p_real", _("likeliest first")),
]
KIND = {"votes": int, "updated_at": datetime}  # of what a list is sorted by; the others are numbers
AT_FIRST = {"state": "open", "way": "", "min_votes": 0, "sort": "-gap"}


class FilterForm(forms.Form):
    """The filters as a person sees them."""

    workflow = forms.ModelChoiceField(
        Workflow.objects.none(), required=False, label=_("Workflow"), to_field_name="slug", empty_label=None
    )
    state = forms.ChoiceField(choices=STATES, required=False, label=_("State"))
    way = forms.ChoiceField(choices=WAYS, required=False, label=_("Which way"))
    min_votes = forms.IntegerField(min_value=0, max_value=100, required=False, label=_("Votes, at least"))
    sort = forms.ChoiceField(choices=SORTS, required=False, label=_("Order"))

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
        """Return the page that the address asks for; the first one where nothing is left there.

        It goes on from a row and not from a number: those that were ruled on meanwhile are gone from the list.
        """
        rows, by = self.rows(), column_of(self.chosen["sort"])
        if rows.query.is_empty():  # nothing to disagree with
            return Page([], None, None)
        page = page_of(rows, by=by, place=self.place, size=size)
        return page if page.keys or not self.place else page_of(rows, by=by, place=None, size=size)


def filters_of(survey: Survey, query: Any) -> Filters:
    """Read the filters of a survey's list from the query of its address."""
    workflows = reviewable(survey)
    asked = FilterForm(workflows, query)
    asked.is_valid()
    said = asked.cleaned_data
    workflow = said.get("workflow") or _first(survey, workflows)
    chosen: dict[str, Any] = {name: said.get(name) or default for name, default in AT_FIRST.items()}
    shown = FilterForm(workflows, initial={**chosen, "workflow": workflow.slug if workflow else None})
    kind = KIND.get(chosen["sort"].removeprefix("-"), float)
    return Filters(workflow, chosen, shown, place_in(query, kind=kind))


def _first(survey: Survey, workflows: QuerySet[Workflow]) -> Workflow | None:
    """Return the first workflow with a champion to disagree with, or else the first."""
    kinds = [checkpoint.kind for checkpoint in Checkpoint.objects.filter(survey=survey, is_champion=True)]
    return workflows.filter(kind__in=kinds).first() or workflows.first()


def reviewable(survey: Survey) -> QuerySet[Workflow]:
    """Return the survey's workflows: a model can answer the question of each."""
    return Workflow.objects.filter(survey=survey).select_related("survey").order_by("name")
