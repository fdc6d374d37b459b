"""Form, URL and sortable columns of the consensus browser."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from webapp.classifications.presentation import ANSWER_NAMES, PRESENTATIONS
from webapp.consensus.models import RetiredReason
from webapp.core.active_filters import ActiveFilter, active_filters, has_errors
from webapp.core.keyset_pagination import Cursor, cursor_in, query_with
from webapp.review.consensus_browser import COLUMN, SORTS, ConsensusFilter
from webapp.workflows.models import Workflow

Choices = list[tuple[str, str | Promise]]
STATES: Choices = [
    ("", _("any")),
    ("open", _("open")),
    ("retired", _("retired")),
    *((reason.value, format_lazy(_("retired: {reason}"), reason=reason.label)) for reason in RetiredReason),
]
ANSWERS: Choices = [
    ("", _("any")),
    *((answer.value, shown.name) for answer, shown in PRESENTATIONS.items()),
    ("tie", _("a tie")),
]
TRUTHS: Choices = [
    ("", _("any")),
    ("gold", _("gold")),
    ("ruled", _("ruled")),
    ("unruled", _("not ruled")),
    ("unknown", _("class unknown")),
]
KIND = {"votes": int, "updated": datetime, "name": str}
FOLDED = ("follow_up", "agree_min", "agree_max", "votes_min", "votes_max", "undecided_min", "undecided_max", "gap_min")
FIRST_SORT = "-posterior"


def _fraction(label: Any) -> forms.FloatField:
    widget = forms.NumberInput(attrs={"step": "any", "min": 0, "max": 1})
    return forms.FloatField(min_value=0, max_value=1, required=False, label=label, widget=widget)


def _number(label: Any) -> forms.IntegerField:
    return forms.IntegerField(min_value=0, max_value=30_000, required=False, label=label)


class BrowseForm(forms.Form):
    """The filters as a form."""

    text = forms.CharField(required=False, max_length=100, label=_("Name contains"))
    state = forms.ChoiceField(choices=STATES, required=False, label=_("State"))
    answer = forms.ChoiceField(choices=ANSWERS, required=False, label=_("Most common answer"))
    truth = forms.ChoiceField(choices=TRUTHS, required=False, label=_("Class"))
    follow_up = forms.ChoiceField(required=False, label=_("Follow-up"))
    p_min, p_max = _fraction(_("Posterior from")), _fraction(_("Posterior below"))
    agree_min, agree_max = _fraction(_("Agreement from")), _fraction(_("Agreement below"))
    votes_min, votes_max = _number(_("Votes, at least")), _number(_("Votes, at most"))
    undecided_min, undecided_max = _fraction(_("Undecided from")), _fraction(_("Undecided below"))
    gap_min = _fraction(_("Minimum disagreement with the model"))
    sort = forms.ChoiceField(required=False, choices=[(each, each) for name in SORTS for each in (name, f"-{name}")])
    scale = forms.ChoiceField(required=False, choices=[("log", "log"), ("linear", "linear")])

    def __init__(self, workflow: Workflow, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = sorted({name for offered in workflow.follow_ups.values() for name in offered})
        self.fields["follow_up"].choices = [("", _("any")), *((name, name) for name in names)]  # type: ignore[attr-defined]

    def pairs(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """Return the ranges, each as two fields."""
        return [(self[f"{name}_min"], self[f"{name}_max"]) for name in ("p", "agree", "votes", "undecided")]


@dataclass(frozen=True)
class BrowserState:
    """The state in the URL: filters, order, position in the list, and the scale of the counts."""

    wanted: ConsensusFilter
    sort: str
    cursor: Cursor | None
    is_log: bool
    form: BrowseForm
    query: QueryDict

    @property
    def column(self) -> str:
        name = self.sort.removeprefix("-")
        return ("-" if self.sort.startswith("-") else "") + COLUMN.get(name, name)

    @property
    def is_open(self) -> bool:
        return has_errors(self.form[name] for name in FOLDED)

    def active(self) -> list[ActiveFilter]:
        """Return the filters in the folded part that are set."""
        return active_filters((self.form[name] for name in FOLDED), self.query)


def browser_state(workflow: Workflow, query: QueryDict) -> BrowserState:
    """Parse the state from a URL's query; filters that are not accepted filter nothing, and the form says so."""
    given = BrowseForm(workflow, query)
    given.is_valid()
    cleaned = {name: value for name, value in given.cleaned_data.items() if value not in ("", None)}
    wanted = ConsensusFilter(
        **{each.name: cleaned[each.name] for each in fields(ConsensusFilter) if each.name in cleaned}
    )
    sort = cleaned.get("sort", FIRST_SORT)
    known = query.copy()
    for name in set(query) - {"after", "before", *cleaned}:
        known.pop(name)
    form = given if given.errors else BrowseForm(workflow, initial=cleaned)
    cursor = cursor_in(query, kind=KIND.get(sort.removeprefix("-"), float))
    return BrowserState(wanted, sort, cursor, cleaned.get("scale") == "log", form, known)


# Initial order: names ascending, everything else descending.
SORTABLE: list[tuple[str, str | Promise, bool]] = [
    ("name", _("Subject"), False),
    ("posterior", _("Posterior"), True),
    ("votes", format_lazy(_("Votes: {answers}"), answers=ANSWER_NAMES), True),
    ("agreement", _("Agreement"), True),
    ("undecided", _("Undecided"), True),
    ("gap", _("Model"), True),
    ("", _("State"), False),
    ("", _("Class"), False),
    ("updated", _("Last change (UTC)"), True),
]


@dataclass(frozen=True)
class Column:
    """A table heading; `query` sorts by it, or reverses the order."""

    name: str
    label: str | Promise
    query: str
    direction: str


def columns_of(asked: BrowserState, *, has_model: bool) -> list[Column]:
    """Return the headings of the table; the model's only if there is one."""
    return [_column(asked, *each) for each in SORTABLE if has_model or each[0] != "gap"]


def _column(asked: BrowserState, name: str, label: str | Promise, is_largest_first: bool) -> Column:
    if not name:
        return Column(name, label, "", "")
    now = asked.sort if asked.sort.removeprefix("-") == name else ""
    first = f"-{name}" if is_largest_first else name
    after = {"": first, name: f"-{name}", f"-{name}": name}[now]
    direction = {"": "", name: "ascending", f"-{name}": "descending"}[now]
    return Column(name, label, query_with(asked.query, sort=after), direction)
