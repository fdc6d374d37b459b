"""The desk's filters as a form, with their whole state in the URL."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from webapp.archive.models import Subject, Survey
from webapp.archive.observing_nights import date_of, limits_of, newest_nights, night_of
from webapp.archive.search_form import KNOWN_CHOICES, range_fields, refuse_empty_range, region_fields
from webapp.archive.subject_search import REGIONS
from webapp.consensus.models import Consensus
from webapp.core.active_filters import ActiveFilter, active_filters, has_errors
from webapp.core.cached_figures import MINUTE, cached_figure
from webapp.core.keyset_pagination import Cursor, Page, cursor_in, page_of
from webapp.learning.models import Checkpoint
from webapp.review.models import LONGEST_TAG
from webapp.review.queues import LEAST_GAP, QUEUES, column_of, queued
from webapp.workflows.models import Workflow

NAMES = [
    ("agreed", _("Agreed candidates")),
    ("disagreements", _("Disagreements")),
    ("split", _("Volunteers split")),
    ("changed", _("Model changed its mind")),
    ("unsure", _("Many unsure")),
    ("talk", _("Discussed in Talk")),
    ("second", _("Second opinion wanted")),
    ("conflicts", _("Scientists disagree")),
    ("held", _("On hold")),
    ("random", _("Random sample")),
    ("all", _("All subjects")),
]
STATES = [
    ("todo", _("without my verdict")),
    ("open", _("without any verdict")),
    ("ruled", _("with a verdict")),
    ("own", _("with my verdict")),
    ("all", _("all")),
]
WAYS = [
    ("", _("either direction")),
    ("crowd-yes", _("volunteers say yes, model no")),
    ("crowd-no", _("volunteers say no, model yes")),
]
ASSIGNED = [("", _("anyone or nobody")), ("me", _("me")), ("nobody", _("nobody")), ("somebody", _("somebody"))]
NEWEST = "-changed_at"
"""By the newest change; in Talk this is the queue's own order, by the newest comment."""

SORTS = [
    ("", _("the queue’s order")),
    ("-gap", _("largest disagreement")),
    ("-votes", _("most votes")),
    (NEWEST, _("newest")),
    ("-posterior", _("most likely yes (volunteers)")),
    ("-p_model", _("most likely yes (model)")),
]
VIEWS = [("list", _("list")), ("sheet", _("contact sheet")), ("single", _("one by one"))]
KIND: dict[str, type] = {"votes": int, "audit": int, "newest_comment": int, "changed_at": datetime}
PER_PAGE = {"list": 25, "sheet": 60, "single": 25}  # 60 fills rows of up to six columns
FIRST = "agreed"
FOLDED = ("night", "known", "way", "min_votes", "assigned", "tag")
RANGE = ("mjd_min", "mjd_max")
NIGHTS = 30
"""Newest nights to choose from."""


class FilterForm(forms.Form):
    """The filters, all combined; an invalid one is shown with what is wrong, and nothing is listed."""

    workflow = forms.ModelChoiceField(
        Workflow.objects.none(), required=False, label=_("Workflow"), to_field_name="slug", empty_label=None
    )
    queue = forms.ChoiceField(choices=NAMES, required=False, label=_("Queue"), widget=forms.HiddenInput)
    state = forms.ChoiceField(choices=STATES, required=False, label=_("Show"))
    least_gap = forms.FloatField(
        min_value=0, max_value=1, required=False, label=_("Minimum gap"),
        widget=forms.NumberInput(attrs={"step": "0.05", "min": 0, "max": 1}),
    )  # fmt: skip
    way = forms.ChoiceField(choices=WAYS, required=False, label=_("Direction of disagreement"))
    min_votes = forms.IntegerField(min_value=0, max_value=100, required=False, label=_("Votes, at least"))
    assigned = forms.ChoiceField(choices=ASSIGNED, required=False, label=_("Assigned to"))
    tag = forms.CharField(max_length=LONGEST_TAG, required=False, label=_("Tag"))
    night = forms.DateField(required=False, label=_("Night (UTC)"), widget=forms.Select)
    known = forms.ChoiceField(required=False, label=_("Known object"), choices=KNOWN_CHOICES)
    sort = forms.ChoiceField(choices=SORTS, required=False, label=_("Sort by"))
    view = forms.ChoiceField(choices=VIEWS, required=False, label=_("View"))

    is_of_several = False
    """Whether there are several workflows to choose from."""

    def __init__(self, survey: Survey, *args: Any, nights: Sequence[date] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["workflow"].queryset = reviewable(survey)  # type: ignore[attr-defined]
        self.fields |= range_fields("mjd") | region_fields(survey)
        self.fields["night"].widget.choices = [("", _("any")), *((night, night.isoformat()) for night in nights)]

    def clean(self) -> dict[str, Any]:
        """Refuse an empty range of times."""
        cleaned = super().clean() or self.cleaned_data
        refuse_empty_range(self, "mjd", "min")  # whose label names both
        return cleaned

    def first(self) -> list[forms.BoundField]:
        names = ["workflow"] if self.is_of_several else []
        return [self[name] for name in (*names, "state", "least_gap", "sort", "view") if name in self.fields]

    def folded(self) -> list[forms.BoundField]:
        return [self[name] for name in FOLDED]

    def hidden(self) -> list[forms.BoundField]:
        """Return the fields of the folded part."""
        return [*self.folded(), *self.range(), *self.regions()]

    def range(self) -> list[forms.BoundField]:
        return [self[name] for name in RANGE]

    def regions(self) -> list[forms.BoundField]:
        return [self[name] for name in REGIONS]

    @property
    def is_open(self) -> bool:
        return has_errors(self.hidden())

    def active(self, query: QueryDict) -> list[ActiveFilter]:
        """Return the filters in the folded part that are set."""
        unset = "" if self["min_votes"].value() else "min_votes"
        return active_filters((field for field in self.hidden() if field.name != unset), query)

    @property
    def narrows(self) -> bool:
        """Whether a filter in the folded part leaves subjects out."""
        folded = (self.initial.get(name) for name in (*FOLDED, *RANGE, *REGIONS))
        return any(value not in (None, "", 0) for value in folded)


@dataclass(frozen=True)
class Filters:
    """The state in the URL."""

    workflow: Workflow | None
    queue: str
    chosen: dict[str, Any]
    sort: str
    view: str
    form: FilterForm
    """With the usual values where the URL has none; as the URL fills it in, with its errors, where one is invalid."""
    cursor: Cursor | None

    def rows(self, reader: User) -> QuerySet[Any]:
        if self.workflow is None or self.form.errors:
            return Consensus.objects.none()
        return queued(self.workflow, self.queue, reader=reader, **self.chosen)

    def elsewhere(self) -> date | None:
        """Return the newest night with subjects, if all are asked for: those without votes are only in its list."""
        return newest_night(self.workflow) if self.workflow and self.queue == "all" else None

    def page(self, rows: QuerySet[Any]) -> Page:
        """Return the requested page, or the first one if nothing is left there.

        It continues from a row and not from a number, since rows that were ruled on meanwhile are gone from the list.
        """
        if rows.query.is_empty():  # no champion to compare with
            return Page([], None, None)
        by, size = column_of(self.sort), PER_PAGE[self.view]
        unset = None if rows.model is Consensus else Q(**{f"{by.removeprefix('-')}__isnull": True})
        how: dict[str, Any] = {"by": by, "size": size, "unset": unset, "key": _tie_break(rows, by)}
        page = page_of(rows, cursor=self.cursor, **how)
        return page if page.keys or not self.cursor else page_of(rows, cursor=None, **how)


def _tie_break(rows: QuerySet[Any], by: str) -> str:
    """Return the column that breaks ties: many subjects have as many votes, so theirs is that of the votes' index."""
    return "row__pk" if rows.model is Subject and by == "-votes_all" else "pk"


def filters_of(survey: Survey, query: Any) -> Filters:
    """Parse the filters from a URL's query."""
    asked = FilterForm(survey, query)
    asked.is_valid()
    cleaned, known = asked.cleaned_data, list(reviewable(survey))
    workflow = cleaned.get("workflow") or _first(survey, known)
    queue, view = cleaned.get("queue") or FIRST, cleaned.get("view") or "list"
    gap = cleaned.get("least_gap")
    nights, begins = recent_nights(workflow) if workflow else ([], 0.0)
    times = {name: cleaned.get(name) for name in ("night", *RANGE)}
    chosen: dict[str, Any] = {
        "state": cleaned.get("state") or QUEUES[queue].state,
        "least_gap": LEAST_GAP if gap is None else gap,
        "way": cleaned.get("way") or "",
        "min_votes": cleaned.get("min_votes") or 0,
        "assigned": cleaned.get("assigned") or "",
        "tag": (cleaned.get("tag") or "").lower(),
        "known": cleaned.get("known") or "",
    }
    sort = cleaned.get("sort") or ""
    places = {name: query.get(name, "") for name in REGIONS}
    shown = {**chosen, **times, **places, "queue": queue, "sort": sort, "view": view}
    shown["workflow"] = workflow and workflow.slug
    given = {**shown, **query.dict()} if asked.errors else None
    form = FilterForm(survey, given, initial=shown, nights=_with(nights, times["night"]))
    chosen["taken"] = _taken(begins=begins, **times)
    chosen["regions"] = [cleaned[name] for name in REGIONS if cleaned.get(name)]
    form.fields["workflow"].choices = [(each.slug, each) for each in known]  # type: ignore[attr-defined]  # once read
    form.is_of_several = len(known) > 1
    if queue != "disagreements":
        del form.fields["least_gap"]
    by = sort if sort and (queue, sort) != ("talk", NEWEST) else QUEUES[queue].sort
    cursor = cursor_in(query, kind=KIND.get(by.removeprefix("-"), float))
    return Filters(workflow, queue, chosen, by, view, form, cursor)


def recent_nights(workflow: Workflow) -> tuple[list[int], float]:
    """Return the newest nights with subjects of the workflow's kind, and the time of day at which they begin."""
    survey, kind = workflow.survey_id, workflow.kind
    return cached_figure(f"nights-{survey}-{kind}", partial(newest_nights, survey, kind, NIGHTS), MINUTE)


def newest_night(workflow: Workflow) -> date | None:
    """Return the newest night in which a subject of the workflow's kind was taken."""
    nights, _begins = recent_nights(workflow)
    return date_of(nights[0]) if nights else None


def _with(nights: list[int], chosen: date | None) -> list[date]:
    """Return the nights to choose from, newest first, with the chosen one even if it is old or empty."""
    dates = {date_of(night) for night in nights} | ({chosen} if chosen else set())
    return sorted(dates, reverse=True)


def _taken(
    *, night: date | None, mjd_min: float | None, mjd_max: float | None, begins: float
) -> tuple[float | None, float | None]:
    """Return the first and the last time (MJD) that both a night and a range allow; None for no limit."""
    first, last = limits_of(night_of(night), begins) if night else (None, None)
    lowest = [end for end in (first, mjd_min) if end is not None]
    highest = [end for end in (last, mjd_max) if end is not None]
    return max(lowest, default=None), min(highest, default=None)


def _first(survey: Survey, workflows: Sequence[Workflow]) -> Workflow | None:
    """Return the first workflow with a champion, or else the first."""
    kinds = {checkpoint.kind for checkpoint in Checkpoint.objects.filter(survey=survey, is_champion=True)}
    return next((each for each in workflows if each.kind in kinds), next(iter(workflows), None))


def reviewable(survey: Survey) -> QuerySet[Workflow]:
    """Return the survey's workflows, by name, those for practice last."""
    return Workflow.objects.filter(survey=survey).select_related("survey").order_by("is_training", "name")
