"""The columns of the consensus browser, and the addresses that sort by them."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from webapp.review.views.browse_form import Asked

# Names and numbers of interest begin where one looks first: names at A, everything else at the largest.
SORTABLE: list[tuple[str, str | Promise, bool]] = [
    ("name", _("Subject"), False),
    ("posterior", _("Posterior"), True),
    ("votes", _("Votes: yes, no, unsure"), True),
    ("agreement", _("Agreement"), True),
    ("unsure", _("Unsure"), True),
    ("gap", _("Model"), True),
    ("", _("State"), False),
    ("", _("Class"), False),
    ("updated", _("Last change (UTC)"), True),
]


@dataclass(frozen=True)
class Column:
    """A heading; `query` sorts by it, the other way round where it is sorted by already."""

    name: str
    label: str | Promise
    query: str
    direction: str


def columns_of(asked: Asked, *, has_model: bool) -> list[Column]:
    """Return the headings of the table; that of the model only where there is one."""
    return [_column(asked, *each) for each in SORTABLE if has_model or each[0] != "gap"]


def _column(asked: Asked, name: str, label: str | Promise, is_largest_first: bool) -> Column:
    if not name:
        return Column(name, label, "", "")
    now = asked.sort if asked.sort.removeprefix("-") == name else ""
    first = f"-{name}" if is_largest_first else name
    after = {"": first, name: f"-{name}", f"-{name}": name}[now]
    direction = {"": "", name: "ascending", f"-{name}": "descending"}[now]
    return Column(name, label, asked.link(sort=after), direction)
